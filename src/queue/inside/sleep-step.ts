import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { now } from '../../core/time/clock.ts'
import { boundedMilliseconds, type Duration } from '../../core/time/duration.ts'
import type { AskedWait } from './asks.ts'
import { checkName, waitStep } from './wait-step.ts'

/**
 * Lets a durable job sleep, for a second or for a year: meanwhile it is a row in the store, and takes no place in a worker.
 *
 * When the time is over the task runs again from its top, in any worker: its finished steps answer from the store, and this one
 * returns. So what comes before it belongs in steps. The moment is settled when the sleep begins, once: deaths of workers, retries
 * and the time that a store is closed do not prolong it. A sleep below a second stays in the worker. For a call that is to start
 * later use its option `delay`.
 *
 * Side by side with steps (`Promise.all`) it takes its place until they are over. Where no worker of a queue runs the task it sleeps
 * on the spot.
 *
 * **Cancellation**: a job that is cancelled while it sleeps ends at once.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a name that another step of this attempt has, inside a step, and for a length of time that
 * is none; `SKEIN_STORE_UNSUPPORTED` for a store without counters.
 *
 * @param s the task's scope
 * @param name the same in every attempt: it is what the sleep is known by
 * @param time how long, or until when
 * @example
 * import { current, task } from 'skein'
 * import { sleepStep } from 'skein/queue'
 * import { testQueue } from 'skein/testing'
 *
 * const welcome = task(import.meta, async (who: string) => {
 *   const s = current()
 *   await s.step('welcome', () => console.log(`welcome, ${who}`)) // welcome, Ada
 *   await sleepStep(s, 'a while', '30d')
 *   return `how is it going, ${who}?`
 * }, { name: 'welcome' })
 *
 * const test = await testQueue({ tasks: [welcome] })
 * const job = await test.queue.submit(welcome, 'Ada')
 * await test.drain()
 * console.log(await job.result()) // how is it going, Ada?
 * await test.close()
 */
export async function sleepStep(s: Scope, name: string, time: Duration | Date): Promise<void> {
  checkName(name, `sleepStep(s, 'cooling off', '30d')`)
  const asked = askedOf(name, time)
  const { services } = s
  if (services?.ask === undefined) return s.sleep('span' in asked ? asked.span : Math.max(0, asked.until - now()))
  await waitStep(s, services, services.ask, asked)
}

function askedOf(name: string, time: unknown): AskedWait & { readonly kind: 'sleep' } {
  if (time instanceof Date) {
    const until = time.getTime()
    if (Number.isNaN(until)) throw new InvalidArgumentError(`The time of sleep '${name}' is an invalid date`)
    return { kind: 'sleep', name, until }
  }
  return { kind: 'sleep', name, span: boundedMilliseconds(time as Duration, `the time of sleep '${name}'`) }
}
