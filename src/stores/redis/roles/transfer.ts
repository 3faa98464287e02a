import { checkCalls } from '../../check.ts'
import { CheckedTransfer, moveOutcome, outgoingOf, type MemberPlace } from '../../moved.ts'
import type { Membership, OutgoingCall } from '../../roles/calls.ts'
import type { MovedCall, MovedMember, MovedReport, MoveOutcome, Transfer } from '../../roles/transfer.ts'
import { type Answer, outcomeOf, oversize } from '../wire/answers.ts'
import { pagesOf, Writing } from '../arguments.ts'
import type { Argument } from '../connection/link.ts'
import type { Handle } from '../handle.ts'
import { moving, neededCounters, take } from '../scripts/transfer.ts'
import { jobOf, type Shown } from '../wire/job.ts'
import { endOf, membersOf } from './counters.ts'

/** The members that are read at once, unless a counter has more. */
const pageOfMembers = 500

/** A call that has not ended, as the script shows it. */
type Moving = readonly [
  id: string,
  place: string,
  state: 'held' | 'ready' | 'delayed' | 'running',
  text: string,
  fields: readonly string[],
  memberships: readonly string[],
  hasFailed: number,
]

/** Takes calls out of a Redis database, and into one. */
export function redisTransfer(store: Handle): Transfer {
  let needed: readonly string[] = []
  return new CheckedTransfer({
    calls: after => movedCalls(store, after),
    members: async after => {
      store.mustBeOpen()
      if (after.counter === '') needed = await countersOf(store)
      return movedMembers(store, needed, after)
    },
    take: async (calls, members) => {
      store.mustBeOpen()
      return taken(store, calls, members)
    },
  })
}

/** The counters that somebody needs, in order. */
async function countersOf({ link }: Handle): Promise<string[]> {
  const found = new Set<string>()
  for (let from = '0'; from !== '';) {
    const [last = '', ...counters] = (await link.run(neededCounters, [from])) as string[]
    for (const each of counters) found.add(each)
    from = last
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1))
}

async function movedMembers(store: Handle, counters: readonly string[], after: MemberPlace): Promise<MovedMember[]> {
  const moved: MovedMember[] = []
  for (const counter of counters) {
    if (counter < after.counter) continue
    const from = counter === after.counter ? after.member : -1
    for (const { member, flags, id, end } of await membersOf(store, counter, from))
      moved.push({ ...membershipOf(counter, String(member), flags), id, ...endOf(end) })
    if (moved.length >= pageOfMembers) break
  }
  return moved
}

function membershipOf(counter: string, member: string, flags: string): Membership {
  return {
    counter,
    member: Number(member),
    ...(flags[1] === 't' ? { tolerated: true } : {}),
    ...(flags[0] === 'o' ? { owned: true } : {}),
  }
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

async function movedCall(
  store: Handle,
  [id, place, state, text, fields, memberships, hasFailed]: Moving,
): Promise<MovedCall> {
  const shown: Shown = [id, state, '', text, fields]
  const job = jobOf(shown, store.settings.maxBytes)
  const { queue, task, headers, body, priority, sentAt, dueAt, expiresAt, deadlineAt, attempt, deaths, tags, error } =
    job
  const value = (name: string): string | undefined => {
    const at = fields.findIndex((each, index) => index % 2 === 0 && each === name)
    return at < 0 ? undefined : fields[at + 1]
  }
  const running = state === 'running'
  const isHeld = state === 'held'
  const [maxDeaths, counter, letGoAt] = [value('most'), value('after'), value('let_go')]
  const isStrict = value('strict') === '1'
  const counts: Membership[] = []
  for (let at = 0; at + 2 < memberships.length; at += 3)
    counts.push(membershipOf(memberships[at] as string, memberships[at + 1] as string, memberships[at + 2] as string))
  counts.sort((a, b) => (a.counter === b.counter ? a.member - b.member : a.counter < b.counter ? -1 : 1))
  const reports = value('told') === undefined ? [] : await movedReports(store, id, value('undo'))
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
    // One that was asked to stop has given its key up.
    ...(job.key === undefined || (running && value('cancelling') !== undefined)
      ? {}
      : { unique: { key: job.key, ...(job.keyUntil === undefined ? {} : { until: job.keyUntil }) } }),
    ...(job.limitKey === undefined ? {} : { limit: limitOf(job.limitKey, value) }),
    ...(error === undefined ? {} : { error }),
    ...(counts.length === 0 ? {} : { counts }),
    ...(counter === undefined
      ? {}
      : {
          after: {
            counter,
            members: isHeld ? Number(value('needs')) : 0,
            failure: isStrict ? 'drop' : 'release',
            ...(isHeld && isStrict && hasFailed === 1 ? { byHand: true } : {}),
            delay: isHeld ? Number(value('pause')) : 0,
            ...(isHeld && letGoAt !== undefined ? { letGoAt: Number(letGoAt) } : {}),
          },
        }),
    ...(job.memo === undefined ? {} : { memo: job.memo }),
    ...(reports.length === 0 ? {} : { reports }),
  }
}

function limitOf(key: string, value: (name: string) => string | undefined): NonNullable<MovedCall['limit']> {
  const [running, starts, per] = [value('limit_running'), value('limit_starts'), value('limit_per')]
  return {
    key,
    ...(running ? { concurrency: Number(running) } : {}),
    ...(starts ? { rate: { count: Number(starts), per: Number(per) } } : {}),
  }
}

/** Its finished steps, what was undone of them, and the values of its stream. @param undo what can be undone of it, as the scripts keep it */
async function movedReports({ results }: Handle, id: string, undo: string | undefined): Promise<MovedReport[]> {
  const undoable = new Set(namesIn(undo))
  const moved: MovedReport[] = []
  for (let after = 0; ;) {
    const page = await results.reports(id, after)
    for (const { kind, value } of page) {
      if (kind === 'item') moved.push({ kind, value })
      else if (kind === 'state' && value.startsWith('{"state":"undoing"')) moved.push({ kind: 'undoing', value })
      else if (kind === 'step' || kind === 'undone') {
        const { name } = JSON.parse(value) as { name: string }
        const made = value.slice(`{"name":${JSON.stringify(name)},"value":`.length, -1)
        const isUndoable = kind === 'step' && undoable.has(name)
        moved.push({ kind, name, value: made, ...(isUndoable ? { undo: true } : {}) })
      }
    }
    const last = page.at(-1)
    if (last === undefined) return moved
    after = last.sequence
  }
}

/** The names of all steps that can be undone, have been, or could not be. */
function namesIn(undo: string | undefined): string[] {
  if (undo === undefined) return []
  const { steps, undone, failures } = JSON.parse(undo) as Readonly<Record<string, unknown>>
  // Lua knows no empty list.
  return [steps, undone, failures].flatMap(each => (Array.isArray(each) ? (each as unknown[]).flat() : [])) as string[]
}

async function taken(
  store: Handle,
  calls: readonly MovedCall[],
  members: readonly MovedMember[],
): Promise<MoveOutcome[]> {
  const { link, settings, name, keeper } = store
  for (const page of pagesOf(members, () => 1))
    await store.change(take, [page.length, ...page.flatMap(argumentsOfMember), 0])
  const [time] = (await link.run(moving, ['inf'])) as [string]
  const sent = checkCalls(
    calls.map(call => outgoingOf(call, Number(time))),
    store,
  )
  const outcomes = sent.map((call): MoveOutcome | undefined => {
    const refused = oversize(call, settings.maxBytes)
    return refused && moveOutcome(refused)
  })
  const due = calls.map((_, at) => at).filter(at => outcomes[at] === undefined)
  for (const page of pagesOf(due, () => 1)) {
    const writing = new Writing(name)
    const given = page.flatMap(at => [
      ...writing.call(sent[at] as OutgoingCall),
      ...argumentsOf(calls[at] as MovedCall),
    ])
    const answers = await store.change<Answer>(take, [0, page.length, ...given])
    for (const [index, at] of page.entries())
      outcomes[at] = moveOutcome(outcomeOf(answers[index] as Answer, sent[at] as OutgoingCall))
  }
  keeper.due()
  return outcomes as MoveOutcome[]
}

const marks: Readonly<Record<MovedMember['state'], string>> = { done: 'v', failed: 'f', cancelled: 'c', dead: 'x' }

function argumentsOfMember({ counter, member, owned, tolerated, id, state, result, error }: MovedMember): Argument[] {
  return [
    counter,
    member,
    `${owned ? 'o' : '-'}${tolerated ? 't' : '-'}`,
    id,
    marks[state],
    (state === 'done' ? result : error) ?? '',
  ]
}

function argumentsOf(call: MovedCall): Argument[] {
  const { sentAt, dueAt, expiresAt, deadlineAt, unique, after, memo, attempt, deaths, error, reports = [] } = call
  return [
    Math.floor(sentAt),
    Math.ceil(dueAt),
    whole(expiresAt),
    whole(deadlineAt),
    whole(unique?.until),
    after?.failure ?? '',
    whole(after?.letGoAt),
    memo ?? '',
    attempt,
    deaths,
    error ?? '',
    reports.length,
    ...reports.flatMap((each): Argument[] => {
      if (each.kind !== 'step' && each.kind !== 'undone') return [each.kind, each.value, '', '', '']
      const shown = `{"name":${JSON.stringify(each.name)},"value":${each.value}}`
      return [each.kind, shown, each.name, each.value, each.kind === 'step' && each.undo ? 1 : '']
    }),
  ]
}

function whole(at: number | undefined): Argument {
  return at === undefined ? '' : Math.ceil(at)
}
