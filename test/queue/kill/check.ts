import type { StoredJob } from '#skein/stores/roles/inspector.js'
import type { Given, Mark } from './programs/marks.ts'

/** A row that an attempt has committed together with its acknowledgement. */
export interface EffectRow {
  readonly job: string
  readonly token: number
}

/** The terms of a schedule that have come, in milliseconds since the epoch. */
export interface Terms {
  readonly name: string
  readonly moments: readonly number[]
}

/** All that is left behind when the last job has ended. */
export interface Evidence {
  /** What clients were told to be accepted. */
  readonly accepted: readonly { readonly job: string; readonly task: string }[]
  /** What tasks have written down, in order. */
  readonly marks: readonly Mark[]
  readonly rows: readonly EffectRow[]
  /** What the store still has for jobs that wait, although none does. */
  readonly left: readonly string[]
  readonly jobs: ReadonlyMap<string, StoredJob>
  /** The schedules, and the terms of each that have come. */
  readonly scheduled: readonly Terms[]
  /** The values that an attempt gave to `progress`, in the order in which the store has them, by the id of the job. */
  readonly progress: ReadonlyMap<string, readonly Given[]>
}

const final: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled', 'dead'])

/** Every promise that the evidence shows to be broken, one sentence each. */
export function violationsOf(evidence: Evidence): string[] {
  return [
    ...notKept(evidence),
    ...writtenTwice(evidence),
    ...oldTokens(evidence),
    ...oldResults(evidence),
    ...oldProgress(evidence),
    ...stepsAgain(evidence),
    ...notUndone(evidence),
    ...limitExceeded(evidence),
    ...uniqueExceeded(evidence),
    ...orphans(evidence),
    ...brokenGraphs(evidence),
    ...termsAmiss(evidence),
  ]
}

/** Accepted means kept: each accepted job is there, and has ended. */
function* notKept({ accepted, jobs }: Evidence): Generator<string> {
  for (const { job } of accepted) {
    const stored = jobs.get(job)
    if (!stored) yield `job ${job} was accepted and is gone`
    else if (!final.has(stored.state)) yield `job ${job} was accepted and is still ${stored.state}`
  }
}

/**
 * A job that another has called has ended when that has, and is not sent again as long as it has not failed; nothing that was kept for
 * jobs that wait outlives them.
 */
function* orphans({ jobs, left }: Evidence): Generator<string> {
  const done = new Map<string, number>()
  for (const { id, state } of jobs.values()) {
    const [owner = '', ...name] = id.split('/')
    if (name.length === 0) continue
    if (!jobs.has(owner)) yield `job ${id} was called by job ${owner}, which is not there`
    else if (!final.has(state)) yield `job ${id} is still ${state}, and job ${owner}, which has called it, has ended`
    if (state === 'done') done.set(owner, (done.get(owner) ?? 0) + 1)
  }
  for (const [owner, n] of done) if (n > 1) yield `job ${owner} has called another ${n} times, and all of them are done`
  for (const { id, state, task } of jobs.values())
    if (task.endsWith('.waiting') && state === 'done' && !done.has(id))
      yield `job ${id} is done without the job that it has called`
  for (const what of left) yield `${what} is left behind`
}

/**
 * A job that needs others begins when each of them has come to its end, and is done only then; one that has handed its place over is done
 * when that graph is; and no part of a graph outlives it.
 */
function* brokenGraphs({ marks, jobs }: Evidence): Generator<string> {
  const ended = new Map<string, number>()
  const begun = new Map<string, number>()
  for (const [at, { what, job }] of marks.entries()) {
    if (what === 'end' && !ended.has(job)) ended.set(job, at)
    if (what === 'begin' && !begun.has(job)) begun.set(job, at)
  }
  for (const { id, state, task } of jobs.values()) {
    const [root = ''] = id.split('#')
    if (root !== id && !final.has(state)) yield `job ${id} is still ${state}, and the graph of job ${root} is over`
    if (state === 'done' && task.endsWith('.handing') && !ended.has(`${id}/heir`))
      yield `job ${id} is done, and the graph that it has handed its place to is not`
  }
  for (const [id, at] of begun) {
    if (marks[at]?.task.endsWith('.joined') !== true) continue
    for (const part of [1, 2, 3].map(n => `${id}#${n}`))
      if ((ended.get(part) ?? Infinity) > at)
        yield `job ${id} has begun, and job ${part}, which it needs, had not ended`
  }
}

/** Each term of a schedule that has come has one job, and no other moment has one. */
function* termsAmiss({ scheduled, jobs }: Evidence): Generator<string> {
  for (const { name, moments } of scheduled) {
    const expected = new Set(moments.map(each => `${name}@${new Date(each).toISOString()}`))
    for (const id of expected) if (!jobs.has(id)) yield `schedule ${name} has no job ${id}`
    for (const id of jobs.keys()) {
      if (id.startsWith(`${name}@`) && !expected.has(id))
        yield `schedule ${name} has job ${id}, which is at none of its terms`
    }
  }
}

/** What is committed with the acknowledgement is there once for a job that is done, and not at all for any other. */
function* writtenTwice({ rows, jobs }: Evidence): Generator<string> {
  const times = new Map<string, number>()
  for (const { job } of rows) times.set(job, (times.get(job) ?? 0) + 1)
  for (const [job, n] of times) if (n > 1) yield `the effect of job ${job} was committed ${n} times`
  for (const job of jobs.values()) {
    if (!job.task.endsWith('.inStore')) continue
    const n = times.get(job.id) ?? 0
    if (job.state === 'done' && n === 0) yield `job ${job.id} is done, and its effect is missing`
    if (job.state !== 'done' && n > 0) yield `job ${job.id} is ${job.state}, and its effect is there`
  }
}

/** No write under an old token: what was committed belongs to the last attempt that began. */
function* oldTokens({ rows, marks }: Evidence): Generator<string> {
  const last = lastTokens(marks)
  for (const { job, token } of rows) {
    const newest = last.get(job) ?? token
    if (token < newest)
      yield `the effect of job ${job} was committed under token ${token}, after token ${newest} had begun`
  }
}

function lastTokens(marks: readonly Mark[]): Map<string, number> {
  const last = new Map<string, number>()
  for (const { job, token } of marks) last.set(job, Math.max(last.get(job) ?? 0, token))
  return last
}

/** A result was given by the last attempt that began, and that one had come to its end: nothing is done before it is done. */
function* oldResults({ marks, jobs }: Evidence): Generator<string> {
  const last = lastTokens(marks)
  const ended = new Set(marks.filter(each => each.what === 'end').map(({ job, token }) => `${job} ${token}`))
  for (const { id, task, state, result } of jobs.values()) {
    // The result of one that has handed its place over is that of another job.
    if (state !== 'done' || task.endsWith('.handing')) continue
    const token = result === undefined ? undefined : (JSON.parse(result) as Given | null)?.token
    if (token === undefined) yield `job ${id} is done without the result of any attempt`
    else if (token < (last.get(id) ?? 0)) {
      yield `the result of job ${id} was written under token ${token}, after token ${last.get(id)} had begun`
    } else if (!ended.has(`${id} ${token}`)) yield `job ${id} is done, and its attempt ${token} had not come to its end`
  }
}

/** What an attempt reports is never followed by something that an older attempt reports. */
function* oldProgress({ progress }: Evidence): Generator<string> {
  for (const [job, values] of progress) {
    let newest = 0
    for (const { token } of values) {
      if (token < newest) yield `job ${job} has progress of token ${token}, after that of token ${newest}`
      newest = Math.max(newest, token)
    }
  }
}

/** By the store's own clock, which its transactions read one after the other: two at once, and no third one. */
function* limitExceeded({ jobs }: Evidence): Generator<string> {
  const byKey = new Map<string, { at: number; change: number }[]>()
  for (const { state, limitKey, startedAt, endedAt } of jobs.values()) {
    // Others may have waited between their last attempt and their end.
    if (state !== 'done' || limitKey === undefined || startedAt === undefined || endedAt === undefined) continue
    const changes = byKey.get(limitKey) ?? []
    byKey.set(limitKey, changes)
    changes.push({ at: startedAt, change: 1 }, { at: endedAt, change: -1 })
  }
  for (const [key, changes] of byKey) {
    // One that ends in the same millisecond as another starts has ended before.
    changes.sort((a, b) => a.at - b.at || a.change - b.change)
    let running = 0
    let most = 0
    for (const { change } of changes) most = Math.max(most, (running += change))
    if (most > 2) yield `${most} jobs with the limit '${key}' (2) have run at once`
  }
}

/**
 * One that is accepted under a unique key comes after the end of the one before, or, where that was asked to stop, starts after
 * its end.
 */
function* uniqueExceeded({ jobs }: Evidence): Generator<string> {
  const byKey = new Map<string, StoredJob[]>()
  for (const job of jobs.values()) if (job.key !== undefined) byKey.set(job.key, [...(byKey.get(job.key) ?? []), job])
  for (const [key, sharing] of byKey) {
    sharing.sort((a, b) => a.sentAt - b.sentAt || (a.endedAt ?? Infinity) - (b.endedAt ?? Infinity))
    for (const [index, job] of sharing.entries()) {
      const before = sharing[index - 1]
      if (!before) continue
      const end = before.endedAt ?? Infinity
      const follows = job.after === `end of ${before.id}`
      if (end > (follows ? (job.startedAt ?? Infinity) : job.sentAt)) {
        yield `jobs ${before.id} and ${job.id} were pending at once under the unique key '${key}'`
      }
    }
  }
}

/** A step that a later step has followed was durable, so no later attempt does it again. */
function* stepsAgain({ marks }: Evidence): Generator<string> {
  const order = ['one', 'two', 'three']
  const furthest = new Map<string, { token: number; step: number }>()
  for (const { what, job, token, step } of marks) {
    if (what !== 'step' || step === undefined) continue
    const at = order.indexOf(step)
    const before = furthest.get(job)
    if (before && token > before.token && at < before.step) {
      yield `step ${step} of job ${job} was done again under token ${token}, although ${order[before.step]} had begun under token ${before.token}`
    }
    if (!before || at > before.step) furthest.set(job, { token, step: at })
  }
}

/**
 * Of a job that has failed or was cancelled each step is undone that a later one has followed, so that it was durable; the last one first;
 * no later attempt undoes again what was followed by another undo; and nothing is done any more once something has been undone.
 */
function* notUndone({ marks, jobs }: Evidence): Generator<string> {
  const order = ['one', 'two', 'three']
  const all = new Map<string, { steps: Set<number>; undone: Set<number>; last: Mark | undefined; lowest: number }>()
  for (const mark of marks) {
    const { what, job, token, step } = mark
    if (!mark.task.endsWith('.undoing') || step === undefined || (what !== 'step' && what !== 'undone')) continue
    const at = order.indexOf(step)
    const known = all.get(job) ?? { steps: new Set(), undone: new Set(), last: undefined, lowest: Infinity }
    all.set(job, known)
    if (what === 'step') {
      known.steps.add(at)
      if (known.last !== undefined)
        yield `step ${step} of job ${job} was begun although ${known.last.step} had been undone`
      continue
    }
    const { last } = known
    if (last !== undefined && token > last.token && at > known.lowest)
      yield `step ${step} of job ${job} was undone again under token ${token}, although the undo of ${order[known.lowest]} had followed`
    if (last !== undefined && token === last.token && at >= order.indexOf(last.step ?? ''))
      yield `step ${step} of job ${job} was undone after ${last.step}, which had come before it`
    known.undone.add(at)
    known.last = mark
    known.lowest = Math.min(known.lowest, at)
  }
  for (const [id, { steps, undone }] of all) {
    const { state } = jobs.get(id) ?? {}
    if (state === 'done') yield `job ${id} is done, and its task never is`
    if (state !== 'failed' && state !== 'cancelled') continue
    const last = Math.max(...steps)
    for (const at of steps)
      if (at < last && !undone.has(at)) yield `step ${order[at]} of job ${id} was not undone, and the job is ${state}`
  }
}

/** No attempt takes this long, and no lease lasts this long, in milliseconds: a job that has run for longer was forgotten. */
const far = 30_000

/** What one look at the running and waiting jobs shows to be wrong: a limit or a unique key that does not hold, a job that nobody takes over. */
export function violationsNow(jobs: readonly StoredJob[], now: number): string[] {
  const running = new Map<string, number>()
  const unique = new Map<string, number>()
  for (const job of jobs) {
    if (job.state === 'running' && job.limitKey !== undefined) {
      running.set(job.limitKey, (running.get(job.limitKey) ?? 0) + 1)
    }
    // One that was asked to stop has given its key up.
    if (job.key !== undefined && !final.has(job.state) && job.cancelling === undefined)
      unique.set(job.key, (unique.get(job.key) ?? 0) + 1)
  }
  const forgotten = jobs.filter(({ state, startedAt = now }) => state === 'running' && now - startedAt > far)
  return [
    ...forgotten.map(({ id, worker }) => `job ${id} is still running under worker ${worker}: nobody has taken it over`),
    ...[...running].filter(([, n]) => n > 2).map(([key, n]) => `${n} jobs with the limit '${key}' (2) run at once`),
    ...[...unique].filter(([, n]) => n > 1).map(([key, n]) => `${n} jobs with the unique key '${key}' are pending`),
  ]
}
