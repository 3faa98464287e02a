import { tableFromIPC } from 'apache-arrow'
import { isMainThread } from 'node:worker_threads'
import { task } from 'skein'

/** Rows of a table whose bytes lie in shared memory. */
export interface Rows {
  readonly bytes: Uint8Array<SharedArrayBuffer>
  readonly from: number
  readonly to: number
}

/** What is known of the temperatures of one station. */
export interface Summary {
  count: number
  sum: number
  highest: number
}

/**
 * Sums up some rows, station by station. Only `from`, `to` and a reference to the shared memory have come here: Arrow reads
 * its columns where they lie.
 */
export const summarize = task(import.meta, function summarize({ bytes, from, to }: Rows) {
  const table = tableFromIPC(bytes)
  const stations = table.getChild('station')?.toArray() as Uint8Array
  const temperatures = table.getChild('temperature')?.toArray() as Float64Array
  const byStation = new Map<number, Summary>()
  for (let row = from; row < to; row++) {
    const station = stations[row] as number
    const temperature = temperatures[row] as number
    let summary = byStation.get(station)
    if (summary === undefined) byStation.set(station, (summary = { count: 0, sum: 0, highest: -Infinity }))
    summary.count++
    summary.sum += temperature
    if (temperature > summary.highest) summary.highest = temperature
  }
  // Proof that nothing was copied: the column that was read is a view of the memory that the main thread has filled.
  return { byStation, readInPlace: temperatures.buffer === bytes.buffer, onMain: isMainThread }
})
