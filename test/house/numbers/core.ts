import {
  Barrier,
  CapacityLimiter,
  channel,
  CircuitBreaker,
  Condition,
  debounce,
  every,
  failAfter,
  Lock,
  main,
  map,
  moveOnAfter,
  openProcess,
  Queue,
  RateLimiter,
  retry,
  RetryBudget,
  runProcess,
  scope,
  Semaphore,
  sleep,
  some,
  supervise,
  throttle,
  warnBlocked,
} from 'skein'
import { SharedChannel, SharedMap, SharedSemaphore } from 'skein/shared'
import { anyNumber, bounded, count, countOrNone, number, type NumberRow, positive, row, span } from './kinds.ts'
import { aMoment, briefly, fails, told } from './uses.ts'

/** A program that takes a moment to stop. */
const stopsSlowly =
  "process.on('SIGTERM', () => setTimeout(() => process.exit(0), 20)); console.log('up'); setInterval(() => {}, 1e6)"

/** Whether it had to be killed; that it was told to stop is what was asked for. */
async function ending(ended: Promise<unknown>): Promise<unknown> {
  try {
    return await ended
  } catch (error) {
    return (error as { ended?: string }).ended === 'killed' ? 'cut' : 'ended by itself'
  }
}

const retried = (options: object): Promise<unknown> =>
  briefly(s => told(retry(fails, { times: 2, jitter: 0, ...options }, s)))

export const coreRows: readonly NumberRow[] = [
  row('ScopeLimit.timeout', span, timeout => told(scope(() => aMoment().then(() => 0), { timeout }))),
  row('ScopeLimit.timeout (setLimit)', span, timeout =>
    briefly(async s => {
      s.setLimit({ timeout })
      await s.sleep('1h')
    }),
  ),
  row<number>('ScopeLimit.deadline', anyNumber, deadline => told(scope(aMoment, { deadline }))),
  row('ScopeOptions.grace', span, grace =>
    scope(
      s => {
        s.cancel()
        return aMoment()
      },
      { grace },
    ),
  ),
  row('CancelOptions.grace', span, grace =>
    scope(async s => {
      s.cancel('stop', { grace })
      await aMoment()
      return s.cancelled ? 'cut' : 'asked'
    }),
  ),
  row('onExit(timeout)', span, timeout => told(scope(s => s.onExit(s => s.wait(aMoment()), { timeout })))),
  row('shield(timeout)', span, timeout => told(scope(s => s.shield(s => s.wait(aMoment()), { timeout })))),
  row('failAfter(timeout)', span, timeout => told(failAfter(timeout, s => s.wait(aMoment())))),
  row('moveOnAfter(timeout)', span, timeout => moveOnAfter(timeout, s => s.wait(aMoment()), 'cut')),
  row('sleep(duration)', span, duration => briefly(s => sleep(duration, s).then(() => 'cut'))),
  row('s.sleep(duration)', span, duration => briefly(s => s.sleep(duration).then(() => 'cut'))),
  row('WaitOptions.timeout', span, timeout =>
    briefly(s => told(s.spawn(s => s.wait(aMoment())).result({ timeout, signal: s.signal }))),
  ),
  row('MainOptions.grace', span, grace => main({ url: 'file:///elsewhere.js' } as ImportMeta, () => {}, { grace })),
  row('MainOptions.drain', span, drain => main({ url: 'file:///elsewhere.js' } as ImportMeta, () => {}, { drain })),
  row('Backoff.backoff', bounded, backoff => retried({ backoff })),
  row('Backoff.backoff (in a list)', bounded, wait => retried({ backoff: [wait] })),
  row('Backoff.maxBackoff', span, maxBackoff => retried({ backoff: 1, maxBackoff })),
  row<number>('Backoff.factor', number(1, Number.MAX_VALUE), factor => retried({ backoff: 1, factor })),
  row<number>('Backoff.jitter', number(0, 1), jitter => retried({ backoff: 1, jitter })),
  row<number>('RetryPolicy.times', countOrNone(0), times => retried({ backoff: '1ms', times })),
  row('RetryOptions.timeout', span, timeout => told(retry(s => s.wait(aMoment()), { timeout, times: 0 }))),
  row('RetryOptions.within', span, within => retried({ within, backoff: 0 })),
  row<number>('RetryBudgetOptions.reserve', number(1, Number.MAX_VALUE), reserve =>
    new RetryBudget({ reserve }).spend(),
  ),
  row<number>('RetryBudgetOptions.perSuccess', number(0, Number.MAX_VALUE), perSuccess =>
    new RetryBudget({ perSuccess }).succeeded(),
  ),
  row<number>('MapWorkOptions.concurrency', countOrNone(1), concurrency =>
    briefly(s => map([1, 2], n => n, { concurrency }, s).toArray()),
  ),
  row<number>('MapWorkOptions.lookAhead', count(1), lookAhead =>
    briefly(s => map([1, 2], n => n, { lookAhead }, s).toArray()),
  ),
  row('MapWorkOptions.timeout', span, timeout =>
    briefly(s => told(map([1], (_, s) => s.wait(aMoment()), { timeout }, s).toArray())),
  ),
  row<number>('SuperviseOptions.restarts', countOrNone(0), restarts =>
    briefly(s => told(supervise(fails, { restarts, backoff: 1 }, s))),
  ),
  row('SuperviseOptions.within', span, within =>
    briefly(s => told(supervise(fails, { within, restarts: 2, backoff: 0 }, s))),
  ),
  row<number>('EveryOptions.times', countOrNone(0), times => briefly(s => every(1, () => {}, { times }, s))),
  row<number>('EveryOptions.jitter', number(0, 1), jitter => briefly(s => every(1, () => {}, { jitter, times: 1 }, s))),
  row('every(period)', positive, period => briefly(s => every(period, () => {}, { times: 2 }, s).then(() => 'cut'))),
  row('debounce(wait)', span, wait => briefly(s => debounce(() => 'cut', wait, {}, s)())),
  row('DebounceOptions.maxWait', span, maxWait => briefly(s => debounce(() => 'cut', '1h', { maxWait }, s)())),
  row('throttle(interval)', span, interval =>
    briefly(async s => {
      const run = throttle(() => 'cut', interval, {}, s)
      await run()
      return run()
    }),
  ),
  row<number>('RateLimiterOptions.limit', count(1), limit => new RateLimiter({ limit, per: 1 }).take(1)),
  row('RateLimiterOptions.per', positive, per =>
    briefly(async s => {
      const limiter = new RateLimiter({ limit: 1, per })
      await limiter.take(1, s)
      await limiter.take(1, s)
      return limiter.stats().available < 0 ? 'cut' : 'taken'
    }),
  ),
  row('RateLimiterOptions.per (window)', positive, per =>
    briefly(async s => {
      const limiter = new RateLimiter({ limit: 1, per, kind: 'window' })
      await limiter.take(1, s)
      await limiter.take(1, s)
      return 'cut'
    }),
  ),
  row<number>('RateLimiterOptions.burst', count(1), burst => new RateLimiter({ limit: 1, per: 1, burst }).take(burst)),
  row<number>('RateLimiter.take(count)', count(1, 10), taken => new RateLimiter({ limit: 10, per: 1 }).take(taken)),
  row<number>('CircuitBreakerOptions.ratio', number(Number.MIN_VALUE, 1), ratio => trips({ ratio })),
  row<number>('CircuitBreakerOptions.minimum', count(1), minimum => trips({ minimum })),
  row<number>('CircuitBreakerOptions.consecutive', count(1), consecutive => trips({ consecutive })),
  row('CircuitBreakerOptions.window', positive, window => trips({ window })),
  row('CircuitBreakerOptions.coolDown (in a list)', bounded, wait =>
    told(new CircuitBreaker({ coolDown: [wait], consecutive: 1 }).run(fails)).catch(() => 0),
  ),
  row('CircuitBreakerOptions.coolDown', span, async coolDown => {
    const breaker = new CircuitBreaker({ coolDown, consecutive: 1 })
    await told(breaker.run(fails))
    await aMoment()
    return breaker.run(() => 'cut').catch((error: { code?: string }) => error.code)
  }),
  row<number>('CircuitBreakerOptions.probes', count(1), probes => trips({ probes })),
  row('warnBlocked(limit)', span, limit => warnBlocked(limit)()),
  row('ProcessOptions.grace', span, async grace => {
    const child = await openProcess(process.execPath, ['-e', stopsSlowly], { grace })
    for await (const line of child.lines()) if (line === 'up') break
    return ending(child.close().then(() => child.ended))
  }),
  row<number>('RunProcessOptions.maxBytes', count(0), maxBytes => runProcess(process.execPath, ['-v'], { maxBytes })),
  row<number>('Semaphore(value)', count(0), value => new Semaphore(value).tryAcquire()),
  row<number>('SemaphoreOptions.max', countOrNone(1), max => new Semaphore(1, { max }).tryAcquire()),
  row<number>('SharedSemaphoreOptions.max', count(1, 65_536), max => new SharedSemaphore(1, { max }).tryAcquire()),
  row<number>('SharedChannelOptions.capacity', count(1, 1_048_576), capacity => new SharedChannel({ capacity }).size),
  row<number>('SharedChannelOptions.itemSize', count(8, 16_777_216), itemSize => new SharedChannel({ itemSize }).size),
  row<number>('SharedMapOptions.maxEntries', count(1, 4_194_304), maxEntries => new SharedMap({ maxEntries }).size),
  row<number>('SharedMapOptions.keyLength', count(1, 4_096), keyLength => new SharedMap({ keyLength }).size),
  row<number>('SharedMapOptions.valueSize', count(8, 1_048_576), valueSize => new SharedMap({ valueSize }).size),
  row<number>('Semaphore.release(count)', count(1), released => new Semaphore(0, { max: Infinity }).release(released)),
  row<number>('PriorityOptions.priority', count(Number.MIN_SAFE_INTEGER), priority =>
    briefly(s => new Lock().with({ priority }).hold(() => 0, s)),
  ),
  row<number>('PriorityOptions.priority (of a rate limiter)', count(Number.MIN_SAFE_INTEGER), priority =>
    new RateLimiter({ limit: 1, per: 1 }).with({ priority }).take(),
  ),
  row<number>('EntranceOptions.weight', count(1), weight =>
    briefly(s => new CapacityLimiter(Infinity).with({ weight }).acquire(s)),
  ),
  row<number>('CapacityLimiter(total)', countOrNone(0), total => new CapacityLimiter(total).tryAcquireFor(1)),
  row<number>('Barrier(parties)', count(1), parties => new Barrier(parties).tryWait()),
  row<number>('ChannelOptions.capacity', countOrNone(0), capacity => channel<number>({ capacity })[0].trySend(1)),
  row<number>('QueueOptions.capacity', countOrNone(1), capacity => new Queue<number>({ capacity }).tryPut(1)),
  row<number>('QueueOptions.priority', anyNumber, rank =>
    new Queue<number>({ order: 'priority', priority: () => rank }).tryPut(1),
  ),
  row<number>('Condition.notify(count)', count(1), notified => {
    const condition = new Condition()
    condition.lock.tryAcquire()
    condition.notify(notified)
  }),
  row<number>('some(count)', count(1, 2), wanted => some(wanted, [() => 1, () => 2])),
]

async function trips(options: object): Promise<void> {
  const breaker = new CircuitBreaker(options)
  for (let i = 0; i < 20; i++) await breaker.run(fails).catch(() => {})
  const { opensIn, calls, failures } = breaker.stats()
  if (!(opensIn >= 0 && calls >= 0 && failures >= 0)) throw new Error(`${opensIn} ${calls} ${failures}`)
}
