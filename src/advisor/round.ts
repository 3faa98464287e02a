import { serialize } from 'node:v8'
import type { Contender } from './contender.ts'
import { watchStalls } from './stall-watch.ts'
import { cpuOf, ownCpu } from './system-usage.ts'

/** The limits of a round: the longest that it may last, and the least that it must do. */
export interface RoundLimit {
  /** No new inputs after this many milliseconds. */
  readonly slot: number
  /** Inputs to run however long they take. */
  readonly least: number
  /** Goes over the inputs again until this many milliseconds have passed. */
  readonly refill: number
  /** Hand the inputs over one by one and few ahead: they are long. */
  readonly long: boolean
  readonly signal?: AbortSignal
}

/** The outcome of a round. */
export interface Round {
  readonly calls: number
  readonly wall: number
  /** CPU time of this process and the place's own; undefined where the system doesn't tell. */
  readonly cpu: number | undefined
  readonly stall: number
  readonly failed: number
  readonly errors: readonly unknown[]
  /** The last value, to see how large results are. */
  readonly sample: unknown
}

/** Runs inputs in a place until the limit. */
export async function runRound(place: Contender, inputs: readonly unknown[], limit: RoundLimit): Promise<Round> {
  const stalls = await watchStalls()
  const pids = place.pids()
  const cpuBefore = cpuOf(pids)
  const ownBefore = ownCpu()
  const begun = performance.now()
  let calls = 0
  let failed = 0
  const errors: unknown[] = []
  let sample: unknown
  const options = {
    ...(limit.long ? { chunk: 1, lookAhead: place.atOnce } : {}),
    ...(limit.signal ? { signal: limit.signal } : {}),
  }
  for await (const settled of place.run(feed(inputs, limit, begun), options)) {
    limit.signal?.throwIfAborted()
    calls++
    if (settled.state === 'done') {
      sample = settled.value
    } else {
      failed++
      if (errors.length < 1000) errors.push(settled.error)
    }
  }
  const wall = performance.now() - begun
  const own = ownCpu() - ownBefore
  const cpuAfter = cpuOf(pids)
  return {
    calls,
    wall,
    cpu: cpuBefore === undefined || cpuAfter === undefined ? undefined : own + cpuAfter - cpuBefore,
    stall: await stalls.end(),
    failed,
    errors,
    sample,
  }
}

function* feed(inputs: readonly unknown[], limit: RoundLimit, begun: number): Generator<unknown> {
  let given = 0
  do {
    for (const input of inputs) {
      if (given >= limit.least && performance.now() - begun >= limit.slot) return
      given++
      yield input
    }
  } while (performance.now() - begun < limit.refill)
}

/** The number of bytes that a value takes when it crosses to another thread or process, about. */
export function sizeOf(value: unknown): number {
  try {
    return serialize(value).length
  } catch {
    return 0
  }
}
