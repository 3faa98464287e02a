import type { PlaceMeasurement } from './comparison.ts'

/** A length of time for people: 840 µs, 12.3 ms, 4.56 s, 3 min 20 s. */
export function time(ms: number): string {
  if (!Number.isFinite(ms)) return '?'
  if (ms < 1) return `${(ms * 1000).toFixed(ms < 0.01 ? 1 : 0)} µs`
  if (ms < 999.5) return `${significant(ms)} ms`
  if (ms < 119_500) return `${significant(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A rate or ratio with about three significant digits. */
export function significant(n: number): string {
  if (!Number.isFinite(n)) return '?'
  if (Math.abs(n) >= 1000) return count(n)
  if (Math.abs(n) >= 100) return n.toFixed(0)
  if (Math.abs(n) >= 10) return n.toFixed(1)
  return n.toFixed(2)
}

/** A count with thousands separated: 12,345. */
export function count(n: number): string {
  // Not by toLocaleString, whose first use loads the languages of the world.
  return String(Math.round(n)).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** An amount of memory: 512 B, 3.40 KiB, 41.6 MiB. */
export function bytes(n: number): string {
  if (!Number.isFinite(n)) return '?'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let at = 0
  let value = n
  while (Math.abs(value) >= 1023.5 && at < units.length - 1) {
    value /= 1024
    at++
  }
  return at === 0 ? `${Math.round(value)} B` : `${significant(value)} ${units[at]}`
}

/** A singular or plural noun with its count: 1 input, 3 inputs. */
export function plural(n: number, noun: string, nouns = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : nouns}`
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`
}

/** The name of a place in tables: `one by one`, `loop`, `2 threads`. */
export function placeName(place: Pick<PlaceMeasurement, 'kind' | 'workers'>): string {
  if (place.kind === 'sequential') return 'one by one'
  if (place.kind === 'loop') return 'loop'
  return place.kind === 'threads' ? plural(place.workers, 'thread') : plural(place.workers, 'process', 'processes')
}
