import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call } from '../../dist/index.js'
import { connect, work } from '../../dist/queue/index.js'
import { heapAndRss } from '../lib/heap.mjs'
import { add, increment, total } from '../tasks.mjs'

/** How many bytes a call of a graph takes in the file, at most, with its entries in all indexes, in the log too. */
const bytesEach = 8_000

/** Graphs with so many calls. */
const shapes = {
  wide: nodes =>
    call(
      total,
      Array.from({ length: nodes }, () => call(increment, 0)),
    ),
  row: nodes => {
    let last = call(increment, 0)
    for (let n = 1; n < nodes; n++) last = call(increment, last)
    return last
  },
  pairs: nodes => {
    let level = Array.from({ length: nodes / 2 }, () => call(increment, 0))
    while (level.length > 1) {
      const next = []
      for (let at = 0; at < level.length; at += 2)
        next.push(at + 1 < level.length ? call(add, level[at], level[at + 1]) : level[at])
      level = next
    }
    return level[0]
  },
}

/** Processor time of all threads, in microseconds, for each call of a graph in a file, and the memory that the program takes. */
export async function measure({ shape, nodes, setting }) {
  const { bavail, bsize } = statfsSync(tmpdir())
  if (bavail * bsize < nodes * bytesEach) throw new Error(`the disk has no room for a graph of ${nodes} calls`)
  const folder = mkdtempSync(join(tmpdir(), 'skein-bench-growth-'))
  try {
    // By then all code that runs has been compiled.
    for (let n = 0; n < 3; n++) await figures(`sqlite:${folder}/warm-${n}.db?durability=${setting}`, shape, 1_000)
    return await figures(`sqlite:${folder}/jobs.db?durability=${setting}`, shape, nodes)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function figures(url, shape, nodes) {
  const queue = await connect(url)
  const costs = {}
  const cost = async (name, action) => {
    const before = process.cpuUsage()
    const result = await action()
    const { user, system } = process.cpuUsage(before)
    costs[name] = (user + system) / nodes
    return result
  }
  try {
    const first = await heapAndRss()
    const job = await cost('submitUs', () => queue.submit(shapes[shape](nodes)))
    const sent = await heapAndRss()
    const found = await cost('runUs', async () => {
      const worker = await work({ store: url, tasks: [add, increment, total], on: 'loop', concurrency: 100 })
      try {
        return await job.result()
      } finally {
        await worker.close()
      }
    })
    const expected = shape === 'pairs' ? nodes / 2 : nodes
    if (found !== expected) throw new Error(`wrong result: ${found}, expected ${expected}`)
    const last = await heapAndRss()
    const other = await queue.submit(shapes[shape](nodes))
    await cost('cancelUs', () => other.cancel())
    return {
      ...costs,
      sentBytes: ((sent.heap - first.heap) * 2 ** 20) / nodes,
      leftBytes: ((last.heap - first.heap) * 2 ** 20) / nodes,
      rss: last.rss,
    }
  } finally {
    await queue.close()
  }
}
