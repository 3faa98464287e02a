import { durableName } from '../call/define/task-name.ts'
import { makeCall } from '../call/call.ts'
import { type DurableCallOptions, type Following, followingIn } from '../call/queue-options.ts'
import type { CallSettings } from '../call/options.ts'
import { hasNested } from '../call/run/graph/nested.ts'
import type { MessageRetries } from '../celery/message.ts'
import { type Signature, signatureOf } from '../celery/signature.ts'
import { argumentsOf, queueOfContract } from './contract.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'

/** The options of a call that travel with it where it is to follow another one. */
const travels: ReadonlySet<string> = new Set(['id', 'queue', 'priority', 'delay', 'retries', 'onDone', 'onError'])

/** Makes the retry policy of a message of the option. */
type RetriesOf = (retries: CallSettings['retries']) => MessageRetries | undefined

/**
 * The calls that are to follow one, as its message has them.
 *
 * **Errors**: `SKEIN_UNSENDABLE`; `SKEIN_INVALID_ARGUMENT` for options that cannot travel, and for calls and jobs among the arguments.
 */
export function embedOf(
  { onDone, onError }: Pick<DurableCallOptions, 'onDone' | 'onError'>,
  retriesOf: RetriesOf,
): Readonly<Record<string, unknown>> | undefined {
  if (onDone === undefined && onError === undefined) return undefined
  return { ...linksOf({ onDone, onError }, 'callbacks', 'errbacks', retriesOf), chain: null, chord: null }
}

function linksOf(
  {
    onDone,
    onError,
  }: { readonly onDone: DurableCallOptions['onDone']; readonly onError: DurableCallOptions['onError'] },
  done: string,
  failed: string,
  retriesOf: RetriesOf,
): Readonly<Record<string, unknown>> {
  const all = (calls: Parameters<typeof followingIn>[0]): Signature[] =>
    followingIn(calls).map(each => signature(each, retriesOf))
  return { [done]: all(onDone), [failed]: all(onError) }
}

function signature(given: Following, retriesOf: RetriesOf): Signature {
  const call = typeof given === 'function' ? makeCall(given, []) : given
  const { task, options } = call
  const name = durableName(task)
  const settings = options as CallSettings
  for (const option of Object.keys(settings)) {
    if (travels.has(option) || settings[option as keyof CallSettings] === undefined) continue
    throw new InvalidArgumentError(
      `The option ${option} cannot go with a call that follows another one (onDone, onError). Those that can: ${[...travels].join(', ')}.`,
    )
  }
  const { args, ...others } = argumentsOf({ ...call, options: options as CallSettings })
  if (hasNested(args)) {
    throw new InvalidArgumentError(
      `A call or a job is among the arguments of task ${name}, which is to follow another one (onDone, onError). Pass values; or make the ` +
        'first one an argument of it, as in call(second, call(first)).',
    )
  }
  const { id, queue = queueOfContract(call.fn), priority, delay, retries, onDone, onError } = settings
  const policy = retriesOf(retries)
  return signatureOf(
    name,
    args,
    {
      ...(id === undefined ? {} : { task_id: id }),
      ...(queue === undefined ? {} : { queue }),
      ...(priority === undefined ? {} : { priority }),
      ...(delay ? { countdown: delay / 1_000 } : {}),
      ...(onDone === undefined && onError === undefined
        ? {}
        : linksOf({ onDone, onError }, 'link', 'link_error', retriesOf)),
      ...(policy ? { headers: { skein_retries: policy } } : {}),
    },
    others,
  )
}
