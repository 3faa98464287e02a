import assert from 'node:assert/strict'

/** A slice of a trace. */
export interface Slice {
  readonly name: string
  /** The process and the thread, by their names. */
  readonly lane: string
  readonly ts: number
  readonly dur: number
  readonly args: Readonly<Record<string, unknown>>
}

/** What a viewer makes of a trace in the format of Chrome's; fails where it breaks a rule of "Trace Event Format". */
export function readTrace(text: string): { slices: Slice[]; lanes: string[]; waits: number } {
  const trace = JSON.parse(text) as {
    readonly displayTimeUnit: unknown
    readonly traceEvents: Record<string, unknown>[]
  }
  assert.equal(trace.displayTimeUnit, 'ms')
  const processes = new Map<unknown, string>()
  const threads = new Map<string, string>()
  const open = new Map<unknown, number>()
  const ends = new Map<string, number>()
  const slices: Slice[] = []
  let waits = 0
  for (const event of trace.traceEvents) {
    const { name, ph, pid, tid, ts, dur, args = {} } = event as Record<string, unknown> & { args?: Slice['args'] }
    assert.equal(typeof name, 'string')
    for (const id of [pid, tid]) assert.ok(Number.isSafeInteger(id) && (id as number) >= 0)
    if (ph === 'M') {
      assert.equal(typeof args['name'], 'string')
      if (name === 'process_name') processes.set(pid, args['name'] as string)
      else if (name === 'thread_name') threads.set(`${pid} ${tid}`, args['name'] as string)
      else assert.fail(`unknown metadata ${String(name)}`)
      continue
    }
    assert.ok(Number.isFinite(ts) && (ts as number) >= 0, `ts is ${String(ts)}`)
    assert.equal(typeof event['cat'], 'string')
    if (ph === 'b') {
      waits++
      open.set(event['id'], ts as number)
    } else if (ph === 'e') {
      const begun = open.get(event['id'])
      assert.ok(begun !== undefined && begun <= (ts as number))
      open.delete(event['id'])
    } else if (ph === 'X') {
      assert.ok(Number.isFinite(dur) && (dur as number) >= 0, `dur is ${String(dur)}`)
      const thread = `${pid} ${tid}`
      assert.ok(processes.has(pid) && threads.has(thread), 'a slice has a named lane')
      // Rounding is to a nanosecond.
      assert.ok((ends.get(thread) ?? 0) <= (ts as number) + 0.002, 'slices of a thread do not overlap')
      ends.set(thread, (ts as number) + (dur as number))
      slices.push({
        name: name as string,
        lane: `${processes.get(pid)}/${threads.get(thread)}`,
        ts: ts as number,
        dur: dur as number,
        args,
      })
    } else assert.fail(`unknown phase ${String(ph)}`)
  }
  assert.equal(open.size, 0, 'every asynchronous slice has an end')
  return {
    slices,
    lanes: [...threads].map(([key, name]) => `${processes.get(Number(key.split(' ')[0]))}/${name}`),
    waits,
  }
}
