import { availableParallelism } from 'node:os'
import { main } from 'skein'
import {
  SharedBarrier,
  SharedChannel,
  SharedCounter,
  SharedEvent,
  SharedMap,
  SharedMutex,
  SharedRWLock,
  SharedStruct,
} from 'skein/shared'
import { threads } from 'skein/threads'
import * as tasks from './tasks.ts'

const cores = Math.max(2, Math.min(8, availableParallelism()))
const million = 1_000_000

await main(import.meta, async () => {
  await using pool = threads({ workers: Math.max(6, cores) })
  const each = Array.from({ length: cores }, (_, n) => n)

  // Lost updates
  const together = new SharedBarrier(cores)
  const cells = new Int32Array(new SharedArrayBuffer(4))
  await Promise.all(each.map(() => pool.run(tasks.addCarelessly, cells, million, together)))
  console.log(`a million increments on every core, without a lock: ${cells[0]} (this figure differs)`)
  cells[0] = 0
  const lock = new SharedMutex({ name: 'cells' })
  await Promise.all(each.map(() => pool.run(tasks.addUnderLock, cells, million, together, lock)))
  console.log(`with a lock, how many are missing: ${cores * million - (cells[0] ?? 0)}`)
  const counter = new SharedCounter()
  await Promise.all(each.map(() => pool.run(tasks.count, counter, million)))
  console.log(`with a counter, how many are missing: ${cores * million - counter.value}`)

  // Philosophers
  const forks = Array.from({ length: 5 }, (_, n) => new SharedMutex({ name: `fork ${n}` }))
  const seated = new SharedBarrier(5)
  const fork = (n: number): SharedMutex => forks[n % 5] as SharedMutex
  const dinner = await Promise.allSettled(forks.map((left, n) => pool.run(tasks.dine, left, fork(n + 1), seated)))
  const failed = dinner.flatMap(end => (end.status === 'rejected' ? [end.reason as Error & { code: string }] : []))
  console.log(
    `philosophers, left fork first: ${5 - failed.length} have eaten, ${failed.map(({ code }) => code).join()}`,
  )
  console.log(`it names all forks: ${forks.every(({ title }) => failed[0]?.message.includes(title))}`)
  const meals = new SharedCounter()
  await Promise.all(
    forks.map((_, n) => {
      const [low, high] = [n, (n + 1) % 5].toSorted((a, b) => a - b) as [number, number]
      return pool.run(tasks.dineOften, fork(low), fork(high), 1_000, meals)
    }),
  )
  console.log(`philosophers, the lower number first: ${meals.value} meals`)

  // A bounded buffer
  const buffer = new SharedChannel<number>({ capacity: 16, name: 'buffer' })
  const consuming = [0, 1, 2].map(() => pool.run(tasks.consume, buffer))
  await Promise.all([0, 1, 2].map(n => pool.run(tasks.produce, buffer, n * 10_000, 10_000)))
  buffer.close()
  const got = await Promise.all(consuming)
  const inOrder = got.every(values =>
    [0, 1, 2].every(n => {
      const ofOne = values.filter(value => Math.floor(value / 10_000) === n)
      return ofOne.every((value, at) => at === 0 || value > (ofOne[at - 1] as number))
    }),
  )
  const all = new Set(got.flat())
  console.log(
    `a bounded buffer: ${all.size} values came out, ${got.flat().length - all.size} twice; in order: ${inOrder}`,
  )

  // Readers and writers
  const [prices, guard, stop] = [
    new SharedStruct({ net: 'int32', gross: 'int32' }),
    new SharedRWLock({ name: 'prices' }),
    new SharedEvent(),
  ]
  const reading = [1, 2, 3].map(() => pool.run(tasks.read, guard, prices as never, stop))
  await Promise.all([1, 2].map(() => pool.run(tasks.write, guard, prices as never, 200)))
  stop.set()
  const reads = await Promise.all(reading)
  console.log(
    `readers and writers: ${prices.fields.net} writes, ${reads.reduce((sum, { torn }) => sum + torn, 0)} torn reads`,
  )
  console.log(`every reader has read: ${reads.every(({ times }) => times > 0)}`)

  // A cache that every thread sees
  const known = new SharedMap<number>({ maxEntries: 20_000, keyLength: 16, name: 'steps' })
  const found = await Promise.all([0, 1].map(n => pool.run(tasks.steps, known, 1 + n * 5_000, 5_001 + n * 5_000)))
  console.log(`a cache: ${known.size} numbers, 9999 takes ${known.get('9999')} steps`)
  console.log(`the cache was of use to all: ${found.every(times => times > 0)}`)
})
