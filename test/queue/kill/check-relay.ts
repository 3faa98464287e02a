import type { StoredJob } from '#skein/stores/roles/inspector.js'
import { followersOf, type RelayLeg } from './programs/relay-calls.ts'

/** What is left in the store when no call is left to be done. */
export interface RelayEvidence {
  /** The ids of the calls with which relays began, as they were accepted. */
  readonly roots: readonly string[]
  readonly jobs: ReadonlyMap<string, StoredJob>
}

/** A call, and those that say that its settlement has sent them. */
interface Link {
  readonly job: StoredJob
  readonly leg: RelayLeg
  readonly sent: StoredJob[]
}

/** Every promise about settlements with what comes next that the evidence shows to be broken, one sentence each. */
export function relayViolationsOf({ roots, jobs }: RelayEvidence): string[] {
  const links = new Map([...jobs.values()].map((job): [string, Link] => [job.id, { job, leg: legOf(job), sent: [] }]))
  const violations = roots.filter(id => !jobs.has(id)).map(id => `call ${id} was accepted and is gone`)
  for (const { job, leg } of links.values()) {
    if (leg.parent === undefined) continue
    const parent = links.get(leg.parent)
    if (parent) parent.sent.push(job)
    else violations.push(`call ${job.id} follows call ${leg.parent}, which is not there`)
  }
  for (const link of links.values()) violations.push(...ofLink(link), ...ofGather(link, jobs))
  return violations
}

function* ofLink({ job, leg, sent }: Link): Generator<string> {
  const fails = leg.kind === 'link' && leg.index === 1
  const expected = fails ? 'failed' : 'done'
  if (job.state !== expected) yield `${leg.kind} ${job.id} is ${job.state}, not ${expected}`
  const token = tokenOf(job)
  const followers = sent.map(legOf)
  const names = followers.map(({ kind, index }) => `${kind} ${index}`)
  for (const name of followersOf(leg)) {
    const times = names.filter(each => each === name).length
    if (times === 0) yield `${name} does not follow ${leg.kind} ${job.id}, which has ended`
    if (times > 1) yield `${name} was sent ${times} times after ${leg.kind} ${job.id}`
  }
  const tokens = new Set(followers.map(each => each.token as number))
  if (tokens.size > 1)
    yield `what follows ${leg.kind} ${job.id} was sent under several tokens: ${[...tokens].join(', ')}`
  // The one that has waited was handed over again, under another token than that which sent what it waited for.
  const waited = leg.kind === 'link' && leg.index === 2
  for (const each of tokens) {
    if (token === undefined || (waited ? each < token : each === token)) continue
    yield `what follows ${leg.kind} ${job.id} was sent under token ${each}, and it has ended under token ${token}`
  }
}

/** Who waits for others starts after their ends, and sees them all. */
function* ofGather({ job, leg, sent }: Link, jobs: RelayEvidence['jobs']): Generator<string> {
  const members =
    leg.kind === 'gather'
      ? ((JSON.parse(job.result ?? '{}') as { members?: string[] }).members ?? [])
      : leg.kind === 'link' && leg.index === 2
        ? sent.map(each => each.id)
        : []
  if (leg.kind === 'gather' && new Set(members).size !== 3) yield `gather ${job.id} saw ${members.length} members of 3`
  for (const member of members) {
    const endedAt = jobs.get(member)?.endedAt
    if (endedAt === undefined) yield `${leg.kind} ${job.id} has waited for call ${member}, which has not ended`
    else if (job.startedAt !== undefined && endedAt > job.startedAt) {
      yield `${leg.kind} ${job.id} started before call ${member}, for which it waits, had ended`
    }
  }
}

function legOf({ body }: StoredJob): RelayLeg {
  return (JSON.parse(body) as [[RelayLeg]])[0][0]
}

/** The token under which it ended: its result and its error carry it. */
function tokenOf({ result, error }: StoredJob): number | undefined {
  return (JSON.parse(result ?? error ?? '{}') as { token?: number }).token
}
