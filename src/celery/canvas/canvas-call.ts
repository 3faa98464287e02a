import { checkHeaderName, writeHeaders } from '../headers.ts'
import { argumentsRepr, valueRepr } from '../python-repr.ts'
import { parseTime, readJson } from '../read-json.ts'
import { now } from '../../core/time/clock.ts'
import type { Mark } from '../marks.ts'
import { fieldsOf, given, nameIn, plainIn, type RawSignature, signaturesIn } from './signature.ts'

/** A call that follows another one, with those fields of a store's `OutgoingCall` that a signature can have. */
export interface CanvasCall {
  readonly id: string
  readonly queue: string
  readonly task: string
  readonly headers: string
  readonly body: string
  /** As Celery counts them, on Redis or RabbitMQ. */
  readonly priority: number
  readonly delay: number
  readonly expires?: number
  readonly ignoreResult?: boolean
}

/** The values that come before the arguments of a signature, and what JSON loses of them: the first step of each path is the argument. */
export interface FirstValues {
  readonly args: readonly string[]
  readonly marks: readonly Mark[]
}

/** The call that has ended, as those that follow it know it. */
export interface Sender {
  readonly rootId: string
  readonly parentId: string
  /** True where a root that a signature names is its root all the same. */
  readonly keepsRoots: boolean
  /** The language of those who have written the canvas. */
  readonly lang: string
  /** The queue of a call whose signature names none. */
  queueOf(task: string): string
}

/** The header, among the options, under which a signature has what its arguments lose as JSON. */
const marksHeader = 'skein_marks'

/**
 * Makes the call of a signature that is one, and frozen.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a header whose name is taken.
 *
 * @param rest what follows it, from its end
 */
export function canvasCall(
  { task, args: own, kwargs, options, immutable }: RawSignature,
  first: FirstValues,
  rest: readonly string[],
  sender: Sender,
): CanvasCall {
  const plain = (name: string): unknown => plainIn(options.get(name))
  const { rootId, parentId, keepsRoots, lang } = sender
  const id = nameIn(options.get('task_id')) as string
  const args = [...(immutable ? [] : first.args), ...own].join(',')
  const headers = headersIn(options)
  const chord = given(options.get('chord'))
  const delay = delayOf(plain('countdown'), plain('eta'))
  const expires = spanOf(plain('expires'))
  const priority = plain('priority')
  const groupIndex = plain('group_index')
  const group = nameIn(options.get('group_id'))
  const root = keepsRoots ? (nameIn(options.get('root_id')) ?? rootId) : rootId
  const ignoreResult = plain('ignore_result') === true
  const links = `{"callbacks":${listIn(options, 'link')},"errbacks":${listIn(options, 'link_error')}`
  const shadow = nameIn(options.get('shadow'))
  return {
    id,
    task,
    queue: nameIn(options.get('queue')) ?? sender.queueOf(task),
    priority: Number.isSafeInteger(priority) ? (priority as number) : 0,
    delay,
    // A part of a chord is counted by the worker that finds it expired, and not dropped by the store.
    ...(expires === undefined || chord !== undefined ? {} : { expires }),
    ...(ignoreResult ? { ignoreResult } : {}),
    headers: writeHeaders(
      {
        id,
        task,
        language: lang,
        rootId: root,
        parentId,
        ignoreResult,
        ...(delay > 0 ? { eta: now() + delay } : {}),
        ...(expires === undefined ? {} : { expires: now() + expires }),
        ...(group === undefined ? {} : { group }),
        ...(Number.isInteger(groupIndex) && (groupIndex as number) >= 0 ? { groupIndex: groupIndex as number } : {}),
        ...(shadow === undefined ? {} : { shadow }),
        ...limitsOf(plain('time_limit'), plain('soft_time_limit')),
        ...stampsOf(options).names,
      },
      {
        argsrepr: shown(`[${args}]`, values => argumentsRepr(values as unknown[]), `(${args})`),
        kwargsrepr: kwargs === '{}' ? kwargs : shown(kwargs, valueRepr, kwargs),
        stamps: stampsOf(options).text,
        marks: marksOf(headers.marks, first, own.length > 0, immutable),
        retries: headers.retries,
        own: headers.own,
      },
    ),
    body: `[[${args}],${kwargs},${links},"chain":${rest.length === 0 ? '[]' : `[${rest.join(',')}]`},"chord":${chord ?? 'null'}}]`,
  }
}

function listIn(options: RawSignature['options'], name: string): string {
  const signatures = signaturesIn(options.get(name))
  return signatures.length === 0 ? 'null' : `[${signatures.join(',')}]`
}

interface OwnHeaders {
  readonly marks: string | undefined
  readonly retries: string | undefined
  /** JSON, with a comma before each. */
  readonly own: string
}

function headersIn(options: RawSignature['options']): OwnHeaders {
  const headers = fieldsOf(options.get('headers'))
  const own = [...headers].filter(([name]) => !name.startsWith('skein_'))
  for (const [name] of own) checkHeaderName(name)
  return {
    marks: headers.get(marksHeader),
    retries: headers.get('skein_retries'),
    own: own.map(([name, value]) => `,${JSON.stringify(name)}:${value}`).join(''),
  }
}

/** The marks of a signature count one value that is put in front of its arguments already. */
function marksOf(
  text: string | undefined,
  { args, marks }: FirstValues,
  has: boolean,
  immutable: boolean,
): string | undefined {
  const own = has ? text : undefined
  if (immutable || (marks.length === 0 && args.length === 1)) return own
  const given = plainIn(own)
  const shifted = (Array.isArray(given) ? (given as Mark[]) : []).map(([kind, path, ...extra]) => {
    const [place, ...more] = Array.isArray(path) ? path : []
    return [kind, [typeof place === 'number' ? place + args.length - 1 : place, ...more], ...extra]
  })
  const all = [...marks, ...shifted]
  return all.length === 0 ? undefined : JSON.stringify(all)
}

/** Milliseconds from now. */
function delayOf(countdown: unknown, eta: unknown): number {
  if (typeof countdown === 'number' && countdown > 0) return Math.ceil(countdown * 1_000)
  const at = typeof eta === 'string' ? parseTime(eta) : undefined
  return at === undefined ? 0 : Math.max(0, at - now())
}

/** The time until it expires, in milliseconds: seconds, or a moment. */
function spanOf(expires: unknown): number | undefined {
  if (typeof expires === 'number') return Math.max(0, Math.ceil(expires * 1_000))
  const at = typeof expires === 'string' ? parseTime(expires) : undefined
  return at === undefined ? undefined : Math.max(0, at - now())
}

/** Seconds: when it is stopped, and when it is asked to. */
function limitsOf(hard: unknown, soft: unknown): { readonly timeout?: number; readonly grace?: number } {
  const isLimit = (value: unknown): value is number => typeof value === 'number' && value > 0
  const first = isLimit(soft) ? soft : isLimit(hard) ? hard : undefined
  if (first === undefined) return {}
  return { timeout: first * 1_000, ...(isLimit(hard) ? { grace: Math.max(0, hard - first) * 1_000 } : {}) }
}

interface Stamps {
  readonly names: { readonly stampedHeaders?: readonly string[] }
  readonly text: string | undefined
}

function stampsOf(options: RawSignature['options']): Stamps {
  const names = plainIn(options.get('stamped_headers'))
  if (!Array.isArray(names) || names.length === 0) return { names: {}, text: undefined }
  const stampedHeaders = names.filter(name => typeof name === 'string')
  const stamps = stampedHeaders.map(name => `${JSON.stringify(name)}:${options.get(name) ?? 'null'}`)
  return { names: { stampedHeaders }, text: `{${stamps.join(',')}}` }
}

/** The longest text of which values are made to show them. */
const mostShown = 4_096

/** For logs and monitors only, which cut it as well. */
function shown(text: string, repr: (value: unknown) => string, long: string): string {
  if (text.length <= mostShown) {
    try {
      return repr(readJson(text))
    } catch {
      // As it stands there.
    }
  }
  return long.length > 1_024 ? `${long.slice(0, 1_021)}...` : long
}
