import { isDeepStrictEqual } from 'node:util'
import { call, CancelledError, type Executor, SkeinError } from 'skein'
import { exitWith } from '../../conformance/tasks/crashing.ts'
import { giveFunction, rejectLater } from '../../conformance/tasks/failing.ts'
import { spinFor, spinUntil } from '../../conformance/tasks/holding.ts'
import { waitFor } from '../../conformance/tasks/programs.ts'
import { countTo } from '../../conformance/tasks/streaming.ts'
import { double, doubleLater, echo } from '../../conformance/tasks/values.ts'
import { stress } from './measure.ts'

// Calls of every kind and with values of every size, cancelled, timed out, retried, crashed and killed at random; the same at
// random each time for one seed. So many of them, or for so long: `1000` or `60s`.
const seed = Number(process.argv[4] ?? 1)
const hasWorkers = process.argv[2] !== 'loop'
const hasProcesses = process.argv[2] === 'processes'
const size = 100
const [, seconds] = /^(\d+)s$/.exec(process.argv[3] ?? '') ?? []
const end = seconds === undefined ? undefined : performance.now() + Number(seconds) * 1_000

let state = seed
/** From 0 up to, not including, the limit. */
function random(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * limit)
}

await stress({ workers: 2, concurrency: 2, grace: 20 }, async ({ executor, count, tell, warm }) => {
  const one = async (n: number): Promise<string> => {
    const controller = new AbortController()
    const options = {
      signal: controller.signal,
      ...(random(4) === 0 ? { priority: random(5) - 2 } : {}),
      ...(random(4) === 0 ? { key: `key ${random(3)}` } : {}),
      ...(random(6) === 0 ? { retries: { times: 2, backoff: random(3) } } : {}),
      ...(random(6) === 0 ? { timeout: 5 + random(2_000) } : {}),
    }
    if (random(4) === 0) void afterTurns(random(30)).then(() => controller.abort('random'))
    switch (random(hasWorkers ? 60 : 40)) {
      case 6:
      case 7:
      case 8: {
        const value = valueOf(16 * 4 ** random(hasWorkers ? 9 : 5))
        const back = await executor.run(call(echo, value).with(options))
        return isDeepStrictEqual(back, value) ? 'right' : 'not what was sent'
      }
      case 0:
        return expectValue(executor.run(call(waitFor, random(10)).with(options)), undefined)
      case 1:
        return expectValue(executor.run(call(rejectLater, 'planned').with(options)), undefined)
      case 2: {
        let last = 0
        for await (const value of executor.stream(call(countTo, 50).with(options), { buffer: 1 + random(5) })) {
          if (value !== last + 1) return `value ${value} after ${last}`
          last = value
          if (last === 25 && random(2) === 0) return 'left early'
        }
        return last === 50 ? 'right' : `only ${last} values`
      }
      case 3: {
        const results = await executor
          .map(
            double,
            Array.from({ length: 40 }, (_, i) => i),
          )
          .toArray()
        return results.every((value, i) => value === i * 2) ? 'right' : 'wrong'
      }
      case 4: {
        const job = await executor.submit(call(doubleLater, n).with(options))
        if (random(2) === 0) void job.cancel('random')
        return expectValue(job.result(), n * 2)
      }
      case 5:
        return expectValue(executor.run(call(spinFor, 2).with(options)), 'done')
      case 40:
        return expectValue(executor.run(call(exitWith, 3).with(options)), undefined)
      case 41:
        return expectValue(
          executor.run(call(spinUntil, '/dev/null', '/never/there').with({ ...options, timeout: 5 })),
          undefined,
        )
      case 43:
        if (hasProcesses && random(3) === 0) killOne(executor)
        return expectValue(executor.run(call(doubleLater, n).with(options)), n * 2)
      case 42:
        return expectValue(executor.run(call(giveFunction).with(options)), undefined)
      default:
        return expectValue(executor.run(call(n % 2 === 0 ? double : (doubleLater as never), n).with(options)), n * 2)
    }
  }
  const begun = performance.now()
  let isWarm = false
  for (let done = 0; end === undefined ? done < count : performance.now() < end; done += size) {
    await Promise.all(Array.from({ length: size }, (_, n) => one(n).catch(named).then(tell)))
    if (
      isWarm ||
      (end === undefined ? done < Math.floor(count / size / 5) * size : performance.now() < (4 * begun + end) / 5)
    )
      continue
    isWarm = true
    await warm()
  }
})

/** A value of about so many bytes: a text, bytes, numbers, or objects; the largest are texts and bytes. */
function valueOf(bytes: number): unknown {
  switch (random(bytes > 100_000 ? 2 : 4)) {
    case 0:
      return 'x'.repeat(bytes)
    case 1:
      return new Uint8Array(bytes).fill(random(256))
    case 2:
      return Array.from({ length: bytes / 8 }, (_, i) => i / 3)
    default:
      return Array.from({ length: bytes / 16 }, (_, i) => ({ i, even: i % 2 === 0 }))
  }
}

/** One of the worker processes dies, as if the system had killed it; not one that is being started, which would be another story. */
function killOne(executor: Executor): void {
  const ready = executor.stats().workers.filter(worker => worker.state === 'ready')
  const id = ready[random(ready.length)]?.id
  if (id !== undefined) process.kill(id, 'SIGKILL')
}

async function expectValue(outcome: Promise<unknown>, expected: unknown): Promise<string> {
  const value = await outcome
  return expected === undefined || value === expected ? 'right' : `expected ${String(expected)}, got ${String(value)}`
}

function named(error: unknown): string {
  if (error instanceof CancelledError) return error.reason === 'random' ? 'cancelled' : `cancelled by ${error.source}`
  if (error instanceof SkeinError) return error.code
  return error instanceof RangeError && error.message === 'planned' ? 'planned' : String(error)
}

async function afterTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
}
