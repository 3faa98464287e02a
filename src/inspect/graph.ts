import type { TaskMessage } from '../celery/message.ts'
import { decodeMessage } from '../celery/read-message.ts'
import { MalformedMessageError } from '../core/errors/errors.ts'
import { firstSignal } from '../stores/job-counter.ts'
import type { StoredState } from '../stores/roles/calls.ts'
import type { EndedMember } from '../stores/roles/counters.ts'
import type { StoredJob } from '../stores/roles/inspector.ts'
import { inspecting } from '../stores/roles/need.ts'
import type { Store } from '../stores/roles/store.ts'
import { allJobs } from './job-pages.ts'
import { readJob } from './read-job.ts'
import { reasonText } from './reason.ts'

/** A job of a graph, as the store has it. */
export interface GraphJob {
  readonly id: string
  /** Absent where the job itself is forgotten, and only known as one that another has needed. */
  readonly task?: string
  readonly state: StoredState
  /** The number of other jobs whose results it needs, and of those that have ended. */
  readonly needs?: number
  readonly has?: number
  readonly worker?: string
  readonly attempt?: number
  /** The reason for its state, in words. */
  readonly why?: string
  /** The job that needs it, or has called it; absent for the outermost. */
  readonly parent?: string
}

/** A graph, with its jobs as a tree. */
export interface ReadGraph {
  readonly id: string
  readonly all: readonly GraphJob[]
  readonly children: ReadonlyMap<string, readonly GraphJob[]>
}

/** So many jobs are looked through for those of a graph, the newest first. */
const most = 500_000
/** The number of members that a store returns at once. */
const page = 1_000

/** The whole graph of which a job is part; undefined where the store does not know the job. */
export async function readGraph(store: Store, id: string): Promise<ReadGraph | undefined> {
  const inspector = inspecting(store, 'find')
  const given = await inspector.find(id)
  if (given === undefined) return undefined
  const rootId = messageOf(given)?.rootId ?? id
  const root = (await inspector.find(rootId)) ?? given
  const jobs = [root]
  let looked = 0
  for await (const job of allJobs(store, {})) {
    if (job.id !== root.id && isPartOf(job.id, root.id)) jobs.push(job)
    if (++looked === most) break
  }
  // As they were sent: what comes first in the arguments stands first.
  jobs.splice(1, jobs.length - 1, ...jobs.slice(1).reverse())
  return treeOf(store, root, jobs)
}

/** True for a part of a graph, and for a job that a job of it has called. */
function isPartOf(id: string, root: string): boolean {
  return id.startsWith(`${root}#`) || id.startsWith(`${root}/`)
}

async function treeOf(store: Store, root: StoredJob, jobs: readonly StoredJob[]): Promise<ReadGraph> {
  const byPath = new Map<string, string>()
  const messages = new Map<string, TaskMessage | undefined>()
  for (const job of jobs) {
    const message = messageOf(job)
    messages.set(job.id, message)
    if (message?.path !== undefined) byPath.set(`${message.rootId} ${message.path}`, job.id)
  }
  const known = new Set(jobs.map(({ id }) => id))
  const all: GraphJob[] = []
  for (const job of jobs) {
    const message = messages.get(job.id)
    const members = job.after === undefined ? [] : await membersOf(store, job.after)
    const needs = new Set(message?.edges?.map(({ member }) => member)).size
    const why = reasonText(readJob(job))
    const parent = job.id === root.id ? undefined : parentOf(job.id, message, byPath, known, root.id)
    all.push({
      id: job.id,
      task: job.task,
      state: job.state,
      ...(needs === 0 ? {} : { needs, has: members.filter(({ member }) => member < needs).length }),
      ...(job.worker === undefined ? {} : { worker: job.worker }),
      attempt: job.attempt,
      ...(why === '' ? {} : { why }),
      ...(parent === undefined ? {} : { parent }),
    })
    for (const { id, state } of members) {
      if (known.has(id)) continue
      known.add(id)
      all.push({ id, state, parent: job.id })
    }
  }
  const children = new Map<string, GraphJob[]>()
  for (const job of all) {
    if (job.parent === undefined) continue
    const list = children.get(job.parent)
    if (list === undefined) children.set(job.parent, [job])
    else list.push(job)
  }
  return { id: root.id, all, children }
}

/** The job that needs one is at the beginning of its path; the one that has called it at the beginning of its id. */
function parentOf(
  id: string,
  message: TaskMessage | undefined,
  byPath: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
  root: string,
): string {
  const { path, rootId } = message ?? {}
  const end = path?.lastIndexOf(' > ') ?? -1
  const before = path === undefined || end < 0 ? undefined : byPath.get(`${rootId} ${path.slice(0, end)}`)
  if (before !== undefined) return before
  for (let at = Math.max(id.lastIndexOf('/'), id.lastIndexOf('#')); at > 0;) {
    const owner = id.slice(0, at)
    if (known.has(owner)) return owner
    at = Math.max(owner.lastIndexOf('/'), owner.lastIndexOf('#'))
  }
  return root
}

async function membersOf({ counters }: Store, counter: string): Promise<EndedMember[]> {
  const members: EndedMember[] = []
  for (let after = -1; counters !== undefined;) {
    const found = await counters.members(counter, after)
    members.push(...found.filter(({ member }) => member < firstSignal))
    if (found.length < page) break
    after = (found.at(-1) as EndedMember).member
  }
  return members
}

function messageOf({ headers, body }: StoredJob): TaskMessage | undefined {
  const message = decodeMessage(headers, body)
  return message instanceof MalformedMessageError ? undefined : message
}
