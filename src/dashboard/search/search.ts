import { nearest } from '../../core/errors/nearest.ts'
import type { ReadJob } from '../../inspect/read-job.ts'
import { argumentsText } from '../../inspect/reason.ts'
import { jobStates } from '../../inspect/states.ts'
import { toJson } from '../../inspect/to-json.ts'
import type { StoredState } from '../../stores/roles/calls.ts'
import type { JobFilter } from '../../stores/roles/inspector.ts'
import { Refusal } from '../answers.ts'
import { lengthIn, momentsOf, numbersOf, type Span } from './moments.ts'
import { type SearchWord, wordsOf } from './words.ts'

/** A search: the part that a store does itself, and the part for which each job is looked at. */
export interface Search {
  readonly filter: JobFilter
  /** All must be true of a job. Empty where the store does all of it. */
  readonly matchers: readonly ((job: ReadJob) => boolean)[]
  /** Nothing that was sent before this moment matches; in milliseconds since the epoch. */
  readonly sentFrom?: number
}

/** The keys of the language, with an example of each. */
export const searchKeys: Readonly<Record<string, string>> = {
  state: 'state:failed,dead',
  queue: 'queue:mail',
  task: 'task:mail.send, task:mail.*',
  tag: 'tag:import',
  worker: 'worker:host-*',
  id: 'id:01a1fcfc*',
  args: 'args:ada@example.org',
  error: 'error:timeout',
  result: 'result:42',
  sent: 'sent:1h, sent:>2026-11-30',
  started: 'started:10m',
  ended: 'ended:2026-11-30..2026-12-01',
  took: 'took:>5s',
  attempt: 'attempt:>1',
  is: 'is:damaged, is:retried',
}

const wholeId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\S*$/i

/**
 * Reads a search: words with a key (`state:failed`), and others, which are looked for in id, task, arguments, error and tags. All must
 * match; a word with a minus in front must not; values with commas are alternatives, and `*` stands for anything.
 *
 * @param now in milliseconds since the epoch
 * **Errors**: `Refusal`, with the nearest word that would have been right.
 */
export function searchOf(text: string, now: number): Search {
  let filter: JobFilter = {}
  const matchers: ((job: ReadJob) => boolean)[] = []
  let sentFrom: number | undefined
  for (const word of wordsOf(text)) {
    const { key, value, isNot } = word
    if (key !== '' && !Object.hasOwn(searchKeys, key)) throw unknownKey(key)
    if (value === '')
      throw new Refusal(400, 'wrong-search', `${key}: needs a value, as in ${searchKeys[key] ?? 'words'}`)
    const alone = isNot ? undefined : inFilter(filter, word)
    if (alone !== undefined) {
      filter = { ...filter, ...alone }
      continue
    }
    const matcher = matcherOf(word, now)
    matchers.push(isNot ? job => !matcher(job) : matcher)
    if (key === 'sent' && !isNot) {
      const { from } = momentsOf(key, value, now)
      if (from > (sentFrom ?? -Infinity)) sentFrom = from
    }
  }
  return { filter, matchers, ...(sentFrom === undefined ? {} : { sentFrom }) }
}

/** The part of a word that the store does itself; undefined for none. A second word of a key is looked at by hand. */
function inFilter(filter: JobFilter, { key, value }: SearchWord): JobFilter | undefined {
  const isOne = !value.includes('*') && !value.includes(',')
  if (key === 'state') return filter.states === undefined ? { states: statesOf(value) } : undefined
  if (key === 'queue') return filter.queue === undefined && isOne ? { queue: value } : undefined
  if (key === 'task') return filter.task === undefined && isOne ? { task: value } : undefined
  if (key === 'tag') return filter.tag === undefined && isOne ? { tag: value } : undefined
  if ((key === 'id' && isOne) || (key === '' && wholeId.test(value)))
    return filter.ids === undefined ? { ids: [value] } : undefined
  return undefined
}

function matcherOf({ key, value }: SearchWord, now: number): (job: ReadJob) => boolean {
  switch (key) {
    case 'state': {
      const states = new Set<StoredState>(statesOf(value))
      return job => states.has(job.state)
    }
    case 'queue':
      return named(value, job => [job.queue])
    case 'task':
      return named(value, job => [job.task])
    case 'tag':
      return named(value, job => job.tags)
    case 'worker':
      return named(value, job => (job.worker === undefined ? [] : [job.worker]))
    case 'id':
      return named(value, job => [job.id])
    case 'args':
      return holding(value, argumentsText)
    case 'error':
      return holding(value, errorText)
    case 'result':
      return holding(value, job => (job.result === undefined ? '' : toJson(job.result)))
    case 'sent':
    case 'started':
    case 'ended': {
      const span = momentsOf(key, value, now)
      return job => isIn(span, job[`${key}At`])
    }
    case 'took': {
      const span = numbersOf(key, value, lengthIn)
      return ({ startedAt, endedAt }) => isIn(span, startedAt === undefined ? undefined : (endedAt ?? now) - startedAt)
    }
    case 'attempt': {
      const span = numbersOf(key, value, text => (/^\d{1,9}$/.test(text) ? Number(text) : undefined))
      return job => isIn(span, job.attempt)
    }
    case 'is':
      return trait(value)
    default:
      return holding(value, job =>
        [job.id, job.task, argumentsText(job), errorText(job), job.tags.join(' ')].join('\n'),
      )
  }
}

function trait(value: string): (job: ReadJob) => boolean {
  if (value === 'damaged') return job => job.damaged.length > 0
  if (value === 'retried') return job => job.attempt > 1
  throw new Refusal(400, 'wrong-search', `is: takes damaged or retried, got ${value.slice(0, 40)}`)
}

function errorText({ error }: ReadJob): string {
  return error === undefined ? '' : [error.name, error.code ?? '', error.message].join(' ')
}

function named(value: string, namesOf: (job: ReadJob) => readonly string[]): (job: ReadJob) => boolean {
  const wanted = value.split(',').map(each => patternOf(each))
  return job => namesOf(job).some(name => wanted.some(fits => fits(name)))
}

/** True for a name that a pattern means, of which `*` is any part. */
function patternOf(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*')
  if (parts.length === 1) return name => name === pattern
  // Not by a regular expression: one of many stars would take for ever.
  return name => {
    const first = parts[0] as string
    const last = parts.at(-1) as string
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false
    let at = first.length
    for (const part of parts.slice(1, -1)) {
      const found = name.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= name.length - last.length
  }
}

function holding(value: string, textOf: (job: ReadJob) => string): (job: ReadJob) => boolean {
  const wanted = value.toLowerCase()
  return job => textOf(job).toLowerCase().includes(wanted)
}

function isIn({ from, to }: Span, value: number | undefined): boolean {
  return value !== undefined && value >= from && value <= to
}

function statesOf(value: string): StoredState[] {
  return value.split(',').map(word => {
    const state = jobStates.find(each => each === word)
    if (state !== undefined) return state
    const near = nearest(word, jobStates)
    const meant = near === undefined ? '' : ` Did you mean ${near}?`
    throw new Refusal(
      400,
      'wrong-search',
      `There is no state ${word.slice(0, 40)}.${meant} The states are: ${jobStates.join(', ')}`,
    )
  })
}

function unknownKey(key: string): Refusal {
  const keys = Object.keys(searchKeys)
  const near = nearest(key, keys)
  const meant = near === undefined ? '' : ` Did you mean ${near}:?`
  return new Refusal(
    400,
    'wrong-search',
    `A search knows no ${key}:.${meant} It knows ${keys.join(', ')}. Words with a colon of their own go in quotes.`,
  )
}
