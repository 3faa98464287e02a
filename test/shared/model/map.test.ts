import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SharedMap } from '#skein/shared/data/map.js'
import { ModelError } from '../../models/explore.ts'
import { isLinearizable, mapOf, type Operation } from '../../models/linearizable.ts'
import { type Act, did, scene } from './asked.ts'
import { everyOrder } from './trial.ts'

/** Two keys of one character that have the same slot. */
function sameSlot(): [string, string] {
  const slotOf = (key: string): number => {
    const map = smallMap()
    map.set(key, 1)
    return [0, 1, 2, 3].findIndex(n => map.words[8 + 10 * n + 1] !== 0)
  }
  const [first = 'a', ...others] = 'abcdefghijklmnop'
  return [first, others.find(key => slotOf(key) === slotOf(first)) as string]
}
const smallMap = (): SharedMap<number> => new SharedMap<number>({ maxEntries: 2, keyLength: 1, valueSize: 8 })

type Ask = readonly ['get' | 'set' | 'add' | 'delete', string, number?]

const asks =
  (...questions: readonly Ask[]): Act<SharedMap<number>> =>
  (map, thread, log) => {
    for (const [name, key, value = 0] of questions) {
      did(thread, log, name, value === 0 ? [key] : [key, value], () => {
        if (name === 'get') return map.get(key)
        if (name === 'delete') return map.delete(key)
        return name === 'add' ? map.add(key, value) : map.set(key, value)
      })
    }
  }
const explained = (log: readonly Operation[]): void => {
  if (!isLinearizable(log, {}, mapOf)) throw new ModelError(`no order explains ${JSON.stringify(log)}`)
}
const map = (preemptions: number, ...acts: readonly Act<SharedMap<number>>[]) =>
  everyOrder({ threads: acts.length, preemptions }, scene(SharedMap<number>, smallMap, acts, explained))

describe('the map, in every order of its steps with so many preemptions', () => {
  test('answers as a map does that does one thing after another', () => {
    map(2, asks(['set', 'a', 1]), asks(['get', 'a'], ['get', 'a']))
    map(2, asks(['add', 'a', 1]), asks(['add', 'a', 2], ['get', 'a']))
    map(1, asks(['set', 'a', 1], ['delete', 'a']), asks(['get', 'a'], ['add', 'a', 5]))
  })

  test('gives nobody the value of another key that has got the place of its own', () => {
    const [one, other] = sameSlot()
    map(1, asks(['set', one, 1], ['get', one], ['get', one]), asks(['delete', one], ['set', other, 7]))
    map(1, asks(['set', one, 1], ['set', one, 2], ['get', one]), asks(['delete', one], ['add', other, 7]))
  })

  test('gives bytes as they were set, never half of one and half of another', () => {
    const bytes = (n: number): Uint8Array => new Uint8Array([n, n])
    const check = (log: readonly Operation[]): void => {
      for (const { result } of log) {
        if (!['1,1', '2,2', ''].includes(String(result))) throw new ModelError(`torn: ${String(result)}`)
      }
    }
    const make = (): SharedMap<Uint8Array> => new SharedMap<Uint8Array>({ maxEntries: 1, keyLength: 1, valueSize: 8 })
    const looks: Act<SharedMap<Uint8Array>> = (each, thread, log) => {
      for (const n of [1, 2]) did(thread, log, 'get', n, () => String(each.get('a') ?? ''))
    }
    const changes: Act<SharedMap<Uint8Array>> = each => {
      each.set('a', bytes(1))
      each.set('a', bytes(2))
    }
    everyOrder({ threads: 2, preemptions: 2 }, scene(SharedMap<Uint8Array>, make, [changes, looks], check))
    const careless: Act<SharedMap<Uint8Array>> = (each, thread, log) => {
      each.get('a')
      const at = [8, 18].find(slot => (each.words[slot + 1] as number) !== 0)
      if (at === undefined) return
      const value = thread.mark(() => new Uint8Array(each.words.buffer, (at + 6) * 4, 2)[0])
      const next = thread.mark(() => new Uint8Array(each.words.buffer, (at + 6) * 4, 2)[1])
      if (value !== 0 && next !== 0) did(thread, log, 'get', 0, () => `${value},${next}`)
    }
    assert.throws(
      () => everyOrder({ threads: 2, preemptions: 2 }, scene(SharedMap<Uint8Array>, make, [changes, careless], check)),
      /torn/,
    )
  })

  test('is mended when a writer dies in it, at any step: the others go on, and the entry is whole or gone', () => {
    const check = (log: readonly Operation[]): void => {
      for (const { result } of log) {
        if (![undefined, 1, 5, 6].includes(result as never)) throw new ModelError(`found ${String(result)}`)
      }
    }
    const dies: Act<SharedMap<number>> = each => each.set('a', 1)
    everyOrder(
      { threads: 2, dies: 0, preemptions: 1 },
      scene(SharedMap<number>, smallMap, [dies, asks(['add', 'a', 5], ['get', 'a'])], check),
    )
  })

  test('would be found out: one that reads, adds and writes without being the only writer', () => {
    const careless: Act<SharedMap<number>> = (each, thread, log) =>
      did(thread, log, 'add', ['a', 2], () => {
        const sum = (each.get('a') ?? 0) + 2
        each.set('a', sum)
        return sum
      })
    assert.throws(() => map(2, careless, careless), /no order explains/)
  })
})
