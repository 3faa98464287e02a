import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { percentile } from '../lib/stats.mjs'

/** What the disk gives to who needs nothing else: four kilobytes appended and flushed, one after the other. */
export async function measure({ count }) {
  const directory = mkdtempSync(join(tmpdir(), 'skein-bench-'))
  const file = openSync(join(directory, 'log'), 'a')
  try {
    const page = Buffer.alloc(4096, 1)
    const times = []
    const from = performance.now()
    for (let n = 0; n < count; n++) {
      const begun = performance.now()
      writeSync(file, page)
      fsyncSync(file)
      times.push(performance.now() - begun)
    }
    const rate = (count * 1000) / (performance.now() - from)
    return { rate, p50: percentile(times, 0.5), p99: percentile(times, 0.99), p999: percentile(times, 0.999) }
  } finally {
    closeSync(file)
    rmSync(directory, { recursive: true, force: true })
  }
}
