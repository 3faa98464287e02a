import { readdirSync, readFileSync } from 'node:fs'

const MiB = 1024 * 1024

/**
 * Resident memory of this process and everything below it, in MiB. `pss` counts pages shared between processes once,
 * in parts; undefined where the system does not say.
 */
export function memoryOfTree() {
  const below = descendants(process.pid)
  const own = process.memoryUsage().rss / MiB
  const children = below.map(pid => rollup(pid))
  return {
    rss: own + sum(children.map(c => c.rss)),
    childrenRss: sum(children.map(c => c.rss)),
    childrenPss: sum(children.map(c => c.pss)),
  }
}

const sum = list => list.reduce((a, b) => a + b, 0)

function rollup(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const field = name => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1]) / 1024
  return { rss: field('Rss'), pss: field('Pss') }
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
