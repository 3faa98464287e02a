import { checkKnown } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { type Duration, milliseconds } from '../../core/time/duration.ts'
import { checkName, waitStep } from './wait-step.ts'

/** Options of `signalStep`. */
export interface SignalStepOptions {
  /**
   * The longest that it waits, from when it began; it then fails with TimeoutError. Retries of the job that follow on that begin the
   * wait anew. Default: as long as it takes.
   */
  readonly timeout?: Duration
}

const known: ReadonlySet<string> = new Set(['timeout'])

/**
 * Waits until somebody sends the job a signal, and returns its value: an approval, a webhook. Meanwhile the job is a row in the
 * store, and takes no place in a worker.
 *
 * A signal is sent with `queue.signal(id, name, value)` or `skein signal`, from any program, before or after the job waits for it. It
 * is kept with the job. The first one of its name counts, and those that come later are never looked at. When it has come the task
 * runs again from its top, in any worker, and its finished steps answer from the store; so what comes before it belongs in steps.
 *
 * `T` is the type that you say the value has: a store does not know types.
 *
 * **Cancellation**: a job that is cancelled while it waits ends at once.
 *
 * **Errors**: `SKEIN_TIMEOUT` when nobody has sent it in time; `SKEIN_INVALID_ARGUMENT` where no worker of a queue runs the task, inside a
 * step, and for a name that another step of this attempt has; `SKEIN_STORE_UNSUPPORTED` for a store without counters.
 *
 * @param s the task's scope
 * @param name the name of the signal, and the name by which the wait is known: the same in every attempt
 * @example
 * import { current, task } from 'skein'
 * import { signalStep } from 'skein/queue'
 * import { testQueue } from 'skein/testing'
 *
 * const publish = task(import.meta, async (page: string) => {
 *   const { by } = await signalStep<{ by: string }>(current(), 'approval', { timeout: '3d' })
 *   return `${page}, approved by ${by}`
 * }, { name: 'publish' })
 *
 * const test = await testQueue({ tasks: [publish] })
 * const job = await test.queue.submit(publish, 'home')
 * await test.waitFor(job, 'held')
 * await test.queue.signal(job.id, 'approval', { by: 'Ada' })
 * await test.drain()
 * console.log(await job.result()) // home, approved by Ada
 * await test.close()
 */
export async function signalStep<T = unknown>(s: Scope, name: string, options: SignalStepOptions = {}): Promise<T> {
  checkName(name, `signalStep(s, 'approval')`)
  checkKnown(options, known, 'option of signalStep')
  const { timeout: longest = Infinity } = options
  const timeout = milliseconds(longest, 'timeout')
  const { services } = s
  if (services?.ask === undefined) {
    throw new InvalidArgumentError(
      'signalStep works only in a task that a worker of a queue runs, and no job runs here to which a signal could be sent.',
    )
  }
  const asked = { kind: 'signal', name, ...(timeout === Infinity ? {} : { timeout }) } as const
  return (await waitStep(s, services, services.ask, asked)) as T
}
