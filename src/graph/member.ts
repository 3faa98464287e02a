import { type Call, isCall } from '../call/call.ts'
import { describe } from '../core/errors/checks.ts'
import { InvalidArgumentError } from '../core/errors/errors.ts'
import { isJob, type Job } from '../core/job/job.ts'

/** A part of a graph that has a result one day. */
export type Member<R = unknown> = Call<R> | Job<R>

/** The result of a member of a graph. */
export type ResultOfMember<M> = M extends Call<infer R> ? R : M extends Job<infer R> ? R : never

/** The results of several members, in their order. */
export type ResultsOfMembers<M extends readonly unknown[]> = { -readonly [K in keyof M]: ResultOfMember<M[K]> }

/** Refuses anything but a Call or a Job. */
export function checkMember(value: unknown, what: string): void {
  if (isCall(value) || isJob(value)) return
  throw new InvalidArgumentError(
    `${what} must be a Call or a Job, got ${describe(value)}. Make a call of a task with call(task, …arguments).`,
  )
}

/** Refuses anything but an array of Calls and Jobs. */
export function checkMembers(members: unknown, what: string): void {
  if (!Array.isArray(members))
    throw new InvalidArgumentError(`${what} needs an array of calls, got ${describe(members)}`)
  for (const [at, member] of members.entries()) checkMember(member, `Member ${at} of ${what}`)
}
