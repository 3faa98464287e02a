import { readdirSync, readFileSync } from 'node:fs'

const MiB = 1024 * 1024

/**
 * Resident memory of this process, in MiB, and of each process below it: `rss` counts pages that processes share in each of them, `pss` once, in
 * parts, and `own` not at all. The processes below are known on Linux only.
 */
export function memoryOfTree() {
  return { own: process.memoryUsage().rss / MiB, children: descendants(process.pid).map(pid => rollup(pid)) }
}

function rollup(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const field = name => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1]) / 1024
  return { pid, rss: field('Rss'), pss: field('Pss'), own: field('Private_Clean') + field('Private_Dirty') }
}

function descendants(root) {
  if (process.platform !== 'linux') return []
  const parents = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The command name in brackets may hold spaces, so fields are counted from its closing bracket.
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It ended between the listing and the reading.
    }
  }
  const found = []
  const look = pid => {
    for (const [child, parent] of parents) {
      if (parent !== pid) continue
      found.push(child)
      look(child)
    }
  }
  look(root)
  return found
}
