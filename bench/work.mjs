// The work that every contestant does: plain functions, the same code for skein and for its peers.
import { threadId } from 'node:worker_threads'

/** The trivial task: what is measured is everything around it. */
export function echo(payload) {
  return payload
}

export function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2)
}

export function squares(n) {
  let sum = 0
  for (let i = 0; i < n; i++) sum = (sum + i * i) % 1_000_003
  return sum
}

export function primes(limit) {
  let count = 0
  for (let n = 2; n < limit; n++) {
    let prime = true
    for (let d = 2; d * d <= n; d++) {
      if (n % d === 0) {
        prime = false
        break
      }
    }
    if (prime) count++
  }
  return count
}

/** Keeps its worker busy and says which one it is, so that several at once show how many workers there are. */
export function whoAmI(busyMs) {
  const end = performance.now() + busyMs
  while (performance.now() < end);
  return `${process.pid}/${threadId}`
}

/** Keeps its place for so long without computing: who did, and how long it took. */
export async function hold(ms) {
  const from = performance.now()
  await new Promise(resolve => setTimeout(resolve, ms))
  return { who: `${process.pid}/${threadId}`, tookMs: performance.now() - from }
}

/** Keeps its worker busy for so many turns of a loop, and gives back whose call it was. */
export function compute({ id, turns }) {
  let sum = id | 0 // an integer from the start: the loop is four times as fast then
  for (let i = 0; i < turns; i++) sum = (Math.imul(sum, 31) + i) | 0
  return { id, sum }
}

/** How many turns take a microsecond here. */
export function turnsPerMicrosecond() {
  let best = 0
  // Many short calls: a loop that is compiled while it runs may stay slow until it is called again.
  for (let n = 0; n < 500; n++) {
    const from = performance.now()
    compute({ id: n, turns: 100_000 })
    best = Math.max(best, 100 / (performance.now() - from))
  }
  return best
}

/** About a microsecond of work: the item of a `map` over a million of them. */
export function mix(n) {
  let sum = n | 0
  for (let i = 0; i < 760; i++) sum = (Math.imul(sum, 31) + i) | 0
  return sum
}

/** Says how long a text is: what is measured is its way there. */
export function lengthOf({ id, data }) {
  return { id, length: data.length }
}

/** By name, for the contestants that are told a name. */
export const kernels = { echo, fib, squares, primes, whoAmI, hold, compute, mix, lengthOf }
