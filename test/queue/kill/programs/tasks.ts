// The tasks of the kill matrix: each writes what it does into a file to which lines are only ever added.
import { appendFileSync } from 'node:fs'
import { current, type Scope, task } from 'skein'
import { effect, thisJob } from 'skein/queue'

/** What a task writes down. */
export interface Mark {
  readonly what: 'begin' | 'step' | 'end'
  readonly job: string
  readonly token: number
  readonly attempt: number
  readonly pid: number
  readonly task: string
  readonly step?: string
}

type Marking = (what: Mark['what'], step?: string) => void

async function marking(s: Scope): Promise<Marking> {
  const { id, token, attempt, task } = await thisJob(s)
  const file = process.env['SKEIN_KILL_LOG']
  if (!file) throw new Error('SKEIN_KILL_LOG names no file')
  const mark: Marking = (what, step) => {
    const line: Mark = {
      what,
      job: id,
      token,
      attempt,
      pid: process.pid,
      task,
      ...(step === undefined ? {} : { step }),
    }
    appendFileSync(file, `${JSON.stringify(line)}\n`)
  }
  mark('begin')
  return mark
}

export const plain = task(import.meta, async function plain(n: number) {
  const mark = await marking(current())
  mark('end')
  return n
})

/** Its row is committed together with its acknowledgement. */
export const inStore = task(import.meta, async function inStore(n: number) {
  const s = current()
  const mark = await marking(s)
  const { id, token } = await thisJob(s)
  await effect(s, 'INSERT INTO kill_effects (job, token, pid) VALUES (?, ?, ?)', [id, token, process.pid])
  mark('end')
  return n
})

export const stepped = task(import.meta, async function stepped(n: number) {
  const s = current()
  const mark = await marking(s)
  for (const name of ['one', 'two', 'three']) {
    await s.step(name, async inner => {
      mark('step', name)
      await inner.sleep(5)
      return n
    })
  }
  mark('end')
  return n
})

/** Long enough for a lease to be renewed while it runs. */
export const slow = task(import.meta, async function slow(ms: number) {
  const s = current()
  const mark = await marking(s)
  for (let passed = 0; passed < ms; passed += 50) {
    await s.sleep(50)
    s.progress(passed)
  }
  mark('end')
  return ms
})

/** Does not let anything else happen in its thread. */
export const blocking = task(import.meta, async function blocking(ms: number) {
  const s = current()
  const mark = await marking(s)
  const end = Date.now() + ms
  while (Date.now() < end) s.checkpoint()
  mark('end')
  return ms
})

export const flaky = task(import.meta, async function flaky(n: number) {
  const s = current()
  const mark = await marking(s)
  if (s.attempt % 2 === 1) throw new Error(`attempt ${s.attempt} fails`)
  mark('end')
  return n
})
