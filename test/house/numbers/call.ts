import {
  call,
  type CallOptions,
  current,
  type Executor,
  loop,
  type LoopOptions,
  type Scope,
  type StepOptions,
  task,
} from 'skein'
import { connect } from 'skein/queue'
import { virtualClock } from 'skein/testing'
import { bounded, count, countOrNone, type Kind, number, type NumberRow, positive, row, span } from './kinds.ts'
import { aMoment, briefly, told } from './uses.ts'

/** Takes a moment, and hears of its cancellation. */
const pause = task(
  import.meta,
  async function pause() {
    const s = current()
    await s.wait(aMoment())
    return s.deadline
  },
  { name: 'numbers.pause' },
)
/** Stops by itself when it is told to, in a moment. */
export const slowToStop = task(
  import.meta,
  async function slowToStop() {
    await current()
      .sleep('1h')
      .catch(() => {})
    await aMoment()
  },
  { name: 'numbers.slowToStop' },
)
const fails = task(
  import.meta,
  function fails(): void {
    throw new Error('as meant')
  },
  { name: 'numbers.fails' },
)
const many = task(
  import.meta,
  function* many(): Generator<number> {
    for (let n = 0; n < 5; n++) yield n
  },
  { name: 'numbers.many' },
)

let ofStep: StepOptions<number, Scope> = {}
const steps = task(
  import.meta,
  async function steps(ends: 'fails' | 'returns') {
    await current().step('one', () => (ends === 'fails' ? Promise.reject(new Error('as meant')) : 1), ofStep)
  },
  { name: 'numbers.steps' },
)

const stepped = (ends: 'fails' | 'returns', options: StepOptions<number, Scope>): Promise<unknown> => {
  ofStep = options
  return briefly(s => told(s.on(loop).run(steps, ends)))
}

const retried = (retries: object): Promise<unknown> =>
  briefly(s => told(s.on(loop).run(call(fails).with({ retries: { times: 2, jitter: 0, ...retries } } as CallOptions))))

const mapped = (options: object): Promise<unknown> => told(loop.map(task2, [1, 2, 3], options).toArray())

const task2 = task(import.meta, (n: number) => n, { name: 'numbers.same' })

/** Runs on an executor of its own, and asks for the end of what is told to stop. */
async function graceful(place: Executor): Promise<unknown> {
  const stop = new AbortController()
  const job = await place.submit(call(slowToStop).with({ signal: stop.signal }))
  const ended = told(job.result())
  while (job.state !== 'running') await aMoment()
  stop.abort()
  const how = await ended
  await place.close()
  return how
}

async function closed(options: object): Promise<unknown> {
  const place = loop({ concurrency: 1 })
  const running = told(place.run(pause))
  await place.close(options)
  return running
}

async function onLoop(options: LoopOptions): Promise<unknown> {
  const place = loop(options)
  const all = await Promise.all([told(place.run(pause)), told(place.run(pause))])
  await place.close()
  return all[0]
}

let queues = 0

/** Submits a call with an option, on a clock that stands still. */
let keys = 0

async function submitted(options: CallOptions): Promise<unknown> {
  using _clock = virtualClock()
  await using queue = await connect(`memory:numbers-${++queues}`)
  const job = await queue.submit(call(pause).with(options))
  const { state } = job
  await job.cancel()
  return state === 'cancelled' || state === 'failed' ? 'cut' : state
}

/** A policy may say nothing. */
const countOrPolicy: Kind = {
  accepts: value => (typeof value === 'object' && value !== null) || countOrNone(0).accepts(value),
  long: () => false,
}

const year10000 = Date.UTC(10_000, 0)
const date: Kind = {
  accepts: value => typeof value === 'number' && Number.isFinite(value) && value < year10000,
  long: () => false,
}

export const callRows: readonly NumberRow[] = [
  row('CallOptions.timeout', span, timeout => told(loop.run(call(pause).with({ timeout })))),
  row('CallOptions.timeout (deadline of the task)', span, async timeout => {
    const deadline = await told(loop.run(call(pause).with({ timeout })))
    return deadline === 'cut' || typeof deadline === 'number' ? deadline : 'cut'
  }),
  row<number>('CallOptions.retries', countOrPolicy, retries =>
    briefly(s => told(s.on(loop).run(call(fails).with({ retries })))),
  ),
  row<number>('StepOptions.retries', countOrPolicy, retries => stepped('fails', { retries })),
  row('StepOptions.undoTimeout', span, undoTimeout => stepped('returns', { undo: () => {}, undoTimeout })),
  row<number>('CallOptions.priority', count(Number.MIN_SAFE_INTEGER), priority =>
    loop.run(call(task2, 1).with({ priority })),
  ),
  row<number>('RetryPolicy.times (of a call)', countOrNone(0), times => retried({ times, backoff: '1ms' })),
  row('Backoff.backoff (of a call)', bounded, backoff => retried({ backoff })),
  row('Backoff.maxBackoff (of a call)', span, maxBackoff => retried({ backoff: 1, maxBackoff })),
  row<number>('Backoff.factor (of a call)', number(1, Number.MAX_VALUE), factor => retried({ backoff: 1, factor })),
  row<number>('Backoff.jitter (of a call)', number(0, 1), jitter => retried({ backoff: 1, jitter })),
  row<number>('MapOptions.chunk', count(1), chunk => mapped({ chunk })),
  row<number>('MapOptions.lookAhead', count(1), lookAhead => mapped({ lookAhead })),
  row('MapOptions.timeout', span, timeout => told(loop.map(pauseFor, [1], { timeout }).toArray())),
  row<number>('MapOptions.retries', countOrPolicy, retries =>
    briefly(s => told(s.on(loop).map(failsFor, [1], { retries }).toArray())),
  ),
  row<number>('MapOptions.priority', count(Number.MIN_SAFE_INTEGER), priority => mapped({ priority })),
  row<number>('StreamOptions.buffer', count(1), async buffer => {
    for await (const _each of loop.stream(call(many), { buffer }));
  }),
  row('CloseOptions.timeout', span, timeout => closed({ timeout })),
  row<number>('LoopOptions.concurrency', countOrNone(1), concurrency => onLoop({ concurrency })),
  row<number>('LoopOptions.maxQueue', countOrNone(0), maxQueue => onLoop({ maxQueue, concurrency: 1 })),
  row('LoopOptions.grace', span, grace => graceful(loop({ grace }))),
  row('UniqueOptions.for', bounded, span => submitted({ unique: { key: `numbers ${++keys}`, for: span } })),
  row('DurableCallOptions.delay', bounded, delay => submitted({ delay })),
  row('DurableCallOptions.expires', span, expires => submitted({ expires })),
  row('DurableCallOptions.deadline', span, deadline => submitted({ deadline })),
  row('DurableCallOptions.grace', span, grace => submitted({ grace })),
  row<number>('DurableCallOptions.eta', date, eta => submitted({ eta })),
  row('CallOptions.timeout (of a queue)', span, timeout => submitted({ timeout })),
  row('Backoff.backoff (of a queue)', bounded, backoff => submitted({ retries: { times: 1, backoff } })),
  row('Backoff.backoff (a list, of a queue)', bounded, wait => submitted({ retries: { times: 1, backoff: [wait] } })),
  row('Backoff.maxBackoff (of a queue)', span, maxBackoff => submitted({ retries: { times: 1, maxBackoff } })),
  row<number>('CallOptions.priority (of a queue)', count(0, 9), priority => submitted({ priority })),
  row<number>('LimitOptions.concurrency', count(1), concurrency => submitted({ limit: { key: 'k', concurrency } })),
  row<number>('LimitOptions.rate (count)', count(1), per =>
    submitted({ limit: { key: 'k', rate: { count: per, per: 1 } } }),
  ),
  row('LimitOptions.rate (per)', positive, per => submitted({ limit: { key: 'k', rate: { count: 1, per } } })),
]

const pauseFor = task(import.meta, (_n: number) => aMoment(), { name: 'numbers.pauseFor' })
const failsFor = task(
  import.meta,
  (_n: number): void => {
    throw new Error('as meant')
  },
  { name: 'numbers.failsFor' },
)
