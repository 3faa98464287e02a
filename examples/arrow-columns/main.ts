// Threads read an Arrow table of a million rows in shared memory: no row is copied to any of them.
import { makeTable, tableToIPC } from 'apache-arrow'
import { main } from 'skein'
import { threads } from 'skein/threads'
import { summarize, type Summary } from './tasks.ts'

const rows = 1_000_000
const stations = 4

await main(import.meta, async () => {
  const bytes = share(tableToIPC(measurements(), 'file'))
  const pool = threads()
  try {
    const part = 100_000
    const parts = Array.from({ length: rows / part }, (_, at) => ({ bytes, from: at * part, to: (at + 1) * part }))
    const total = new Map<number, Summary>()
    let inPlace = 0
    for await (const { byStation, readInPlace, onMain } of pool.map(summarize, parts)) {
      if (readInPlace && !onMain) inPlace++
      for (const [station, summary] of byStation) add(total, station, summary)
    }
    console.log(`${rows} rows, ${(bytes.length / 1e6).toFixed(0)} MB in shared memory`)
    console.log(`${inPlace} of ${parts.length} parts were read where they lie, on threads`)
    for (const [station, { count, sum, highest }] of [...total].sort(([a], [b]) => a - b)) {
      console.log(`station ${station}: ${count} rows, ${(sum / count).toFixed(2)} on average, ${highest} at most`)
    }
  } finally {
    await pool.close()
  }
})

/** Temperatures in columns, as a program would have read them from a Parquet or Arrow file. */
function measurements() {
  const station = new Uint8Array(rows)
  const temperature = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    station[row] = row % stations
    temperature[row] = ((row * 7) % 400) / 10
  }
  return makeTable({ station, temperature })
}

/** The one copy: into memory that all threads can read. A file can be read into it right away. */
function share(table: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const shared = new Uint8Array(new SharedArrayBuffer(table.length))
  shared.set(table)
  return shared
}

function add(total: Map<number, Summary>, station: number, { count, sum, highest }: Summary): void {
  const so = total.get(station) ?? { count: 0, sum: 0, highest: -Infinity }
  total.set(station, { count: so.count + count, sum: so.sum + sum, highest: Math.max(so.highest, highest) })
}
