import { checkCalls } from '../../check.ts'
import { CheckedTransfer, outgoingOf } from '../../moved.ts'
import { needAbility, needCounters } from '../../roles/need.ts'
import type { MovedCall, MovedReport, MoveOutcome, Transfer } from '../../roles/transfer.ts'
import { argumentsOfCall } from '../arguments.ts'
import type { Argument } from '../connection/link.ts'
import type { Handle } from '../handle.ts'
import { moving, take } from '../scripts/transfer.ts'
import { listOf } from '../scripts/script.ts'
import { jobOf, type Shown } from '../wire/job.ts'
import { oversize } from './broker.ts'

/** More in one script would keep others from the server for too long. */
const mostAtOnce = 250

/** A call that has not ended, as the script shows it. */
type Moving = readonly [
  id: string,
  place: string,
  state: 'ready' | 'delayed' | 'running',
  text: string,
  fields: readonly string[],
]

/** Takes calls out of a Redis database, and into one. */
export function redisTransfer(store: Handle): Transfer {
  return new CheckedTransfer({
    calls: after => movedCalls(store, after),
    // There are no counters.
    members: async () => [],
    take: async (calls, members) => {
      store.mustBeOpen()
      if (members.length > 0) needCounters(store)
      return taken(store, calls)
    },
  })
}

async function movedCalls(store: Handle, after: number): Promise<MovedCall[]> {
  store.mustBeOpen()
  let from = String(after)
  for (;;) {
    const [, last, ...found] = (await store.link.run(moving, [from])) as [string, string, ...Moving[]]
    if (found.length > 0) return Promise.all(found.map(each => movedCall(store, each)))
    if (last === '') return []
    from = last
  }
}

async function movedCall(store: Handle, [id, place, state, text, fields]: Moving): Promise<MovedCall> {
  const shown: Shown = [id, state, '', text, fields]
  const { queue, task, headers, body, priority, sentAt, dueAt, expiresAt, deadlineAt, attempt, deaths, tags, error } =
    jobOf(shown, store.settings.maxBytes)
  const value = (name: string): string | undefined => {
    const at = fields.findIndex((each, index) => index % 2 === 0 && each === name)
    return at < 0 ? undefined : fields[at + 1]
  }
  const running = state === 'running'
  const maxDeaths = value('most')
  const reports = value('told') === undefined ? [] : await movedReports(store, id)
  return {
    place: Number(place),
    ...(running ? { running } : {}),
    id,
    queue,
    task,
    headers,
    body,
    priority,
    sentAt,
    dueAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(deadlineAt === undefined ? {} : { deadlineAt }),
    attempt: attempt - (running ? 1 : 0),
    deaths,
    ...(maxDeaths === undefined ? {} : { maxDeaths: Number(maxDeaths) }),
    ...(value('ignore') === undefined ? {} : { ignoreResult: true }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(error === undefined ? {} : { error }),
    ...(reports.length === 0 ? {} : { reports }),
  }
}

/** Its finished steps and the values of its stream. */
async function movedReports({ results }: Handle, id: string): Promise<MovedReport[]> {
  const moved: MovedReport[] = []
  for (let after = 0; ;) {
    const page = await results.reports(id, after)
    for (const { kind, value } of page) {
      if (kind === 'item') moved.push({ kind, value })
      else if (kind === 'step') {
        const { name } = JSON.parse(value) as { name: string }
        moved.push({ kind, name, value: value.slice(`{"name":${JSON.stringify(name)},"value":`.length, -1) })
      }
    }
    const last = page.at(-1)
    if (last === undefined) return moved
    after = last.sequence
  }
}

async function taken(store: Handle, calls: readonly MovedCall[]): Promise<MoveOutcome[]> {
  const { link, settings, name, keeper } = store
  for (const { memo, reports = [] } of calls) {
    if (memo !== undefined) needCounters(store)
    if (reports.some(each => each.kind === 'undone' || each.kind === 'undoing' || (each.kind === 'step' && each.undo)))
      needAbility(store, 'undo')
  }
  const [time] = (await link.run(moving, ['inf'])) as [string]
  const sent = checkCalls(
    calls.map(call => outgoingOf(call, Number(time))),
    store,
  )
  const outcomes = sent.map((call): MoveOutcome | undefined => {
    const refused = oversize(call, settings.maxBytes)
    return refused && { refused: 'size', bytes: refused.bytes, limit: refused.limit }
  })
  const due = calls.map((_, at) => at).filter(at => outcomes[at] === undefined)
  for (let from = 0; from < due.length; from += mostAtOnce) {
    const part = due.slice(from, from + mostAtOnce)
    const given = part.flatMap(at => [
      ...argumentsOfCall(sent[at] as (typeof sent)[number], name),
      ...argumentsOf(calls[at] as MovedCall),
    ])
    const answers = listOf<'taken' | 'known'>(await link.run(take, [part.length, ...given]))
    for (const [index, at] of part.entries()) outcomes[at] = answers[index] as 'taken' | 'known'
  }
  keeper.due()
  return outcomes as MoveOutcome[]
}

function argumentsOf(call: MovedCall): Argument[] {
  const { sentAt, dueAt, expiresAt, deadlineAt, attempt, deaths, error, reports = [] } = call
  return [
    Math.floor(sentAt),
    Math.ceil(dueAt),
    expiresAt === undefined ? '' : Math.ceil(expiresAt),
    deadlineAt === undefined ? '' : Math.ceil(deadlineAt),
    attempt,
    deaths,
    error ?? '',
    reports.length,
    ...reports.flatMap((each): Argument[] =>
      each.kind === 'step'
        ? ['step', `{"name":${JSON.stringify(each.name)},"value":${each.value}}`, each.name, each.value]
        : [each.kind, each.value, '', ''],
    ),
  ]
}
