import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandsIn } from '../lib/redis.mjs'
import { median, percentile } from '../lib/stats.mjs'

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/** One figure of a durable queue: `what` says which. The files lie on the disk of the temporary folder. */
export async function measure({ peer, setting, on, what, count, concurrency, perSecond, repeats, seconds }) {
  const directory = mkdtempSync(join(tmpdir(), 'skein-bench-'))
  const { openQueue } = await import(`../queue/${peer}.mjs`)
  const queue = await openQueue({ directory, setting, on })
  try {
    const request = { count, concurrency, perSecond, repeats, seconds }
    const measured = () => figures[what](queue, request)
    return queue.figure === undefined ? await measured() : await queue.figure(what, request, measured)
  } finally {
    await queue.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const figures = { oneByOne, callers, batched, done, roundTrip, openLoop, chord, idle }

/** Each is durable before the next is handed over. */
async function oneByOne(queue, { count }) {
  for (let n = 0; n < 50; n++) await queue.add(n)
  const from = performance.now()
  for (let n = 0; n < count; n++) await queue.add(n)
  return { rate: (count * 1000) / (performance.now() - from) }
}

/** Many callers, each of which waits until its own call is durable before it hands over the next. */
async function callers(queue, { count, concurrency }) {
  const call = async n => {
    for (let left = n; left > 0; left--) await queue.add(left)
  }
  const all = n => Promise.all(Array.from({ length: concurrency }, () => call(n)))
  await all(10)
  const each = Math.ceil(count / concurrency)
  const from = performance.now()
  await all(each)
  return { rate: (each * concurrency * 1000) / (performance.now() - from) }
}

/** Handed over in lots of a thousand. */
async function batched(queue, { count }) {
  for (let n = 0; n < 5; n++) await queue.addMany(range(1000))
  const from = performance.now()
  for (let n = 0; n < count; n += 1000) await queue.addMany(range(1000))
  return { rate: (count * 1000) / (performance.now() - from) }
}

/** A full queue and one worker process: claimed, run, result and acknowledgement kept, per second. */
async function done(queue, { count, concurrency }) {
  for (let n = 0; n < count; n += 1000) await queue.addMany(range(1000))
  await queue.startWorker(concurrency)
  let first = 0
  let from = 0
  for (;;) {
    const asked = performance.now()
    const ended = count - (await queue.left())
    const answered = performance.now()
    if (from === 0 && ended > 0) {
      first = ended
      from = answered
    }
    if (ended >= count) return { rate: ((count - first) * 1000) / (answered - from) }
    // To count what is left takes the longer the more it is, and must not take the place of what is measured; the end is to be seen
    // when it comes, also by who takes long to count.
    const rest = ended > first ? ((count - ended) * (answered - from)) / (ended - first) : Infinity
    await sleep(Math.min(Math.max(20, 10 * (answered - asked)), Math.max(2, rest / 2)))
  }
}

/** Handed over, run by another process, and the result back here: one at a time. */
async function roundTrip(queue, { count, concurrency }) {
  await queue.startWorker(concurrency)
  const times = []
  for (let n = 0; n < count + 50; n++) {
    const from = performance.now()
    const value = await queue.result(await queue.add(n))
    if (value !== n) throw new Error(`wrong result: ${value} for ${n}`)
    if (n >= 50) times.push(performance.now() - from)
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), p999: percentile(times, 0.999) }
}

/** Arrivals at a fixed rate that does not wait for anybody: the time from when one was due to its result. */
async function openLoop(queue, { count, concurrency, perSecond }) {
  await queue.startWorker(concurrency)
  for (let n = 0; n < 50; n++) await queue.result(await queue.add(n))
  const times = []
  const ends = []
  const from = performance.now() + 10
  for (let n = 0; n < count;) {
    const now = performance.now()
    for (; n < count && from + (n * 1000) / perSecond <= now; n++) {
      const due = from + (n * 1000) / perSecond
      ends.push(
        Promise.resolve(queue.add(n))
          .then(job => queue.result(job))
          .then(() => times.push(performance.now() - due)),
      )
    }
    await sleep(1)
  }
  await Promise.all(ends)
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), p999: percentile(times, 0.999) }
}

/** The commands that a worker sends in a minute in which there is nothing to do. */
async function idle(queue, { seconds }) {
  await queue.startWorker(16)
  await queue.result(await queue.add(1))
  await sleep(2_000)
  return { commands: ((await commandsIn(queue.port, seconds * 1_000)) * 60) / seconds }
}

/** Calls side by side and one that takes all their results, from handing them over to its result. */
async function chord(queue, { count, concurrency, repeats }) {
  await queue.startWorker(concurrency)
  const times = []
  for (let n = 0; n <= repeats; n++) {
    // The first has started the worker, and is small.
    const members = range(n === 0 ? 10 : count)
    const from = performance.now()
    const sum = await queue.result(await queue.addChord(members))
    times.push(performance.now() - from)
    const expected = (members.length * (members.length - 1)) / 2
    if (sum !== expected) throw new Error(`wrong result: ${sum} instead of ${expected}`)
  }
  return { ms: median(times.slice(1)) }
}

const range = n => Array.from({ length: n }, (_, at) => at)
