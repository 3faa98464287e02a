import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { pythonVersion } from './python.mjs'

/** What the figures were measured on. */
export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown CPU',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    python: pythonVersion ?? 'not present',
    load: loadavg()[0],
  }
}

const version = url => JSON.parse(readFileSync(new URL(url, import.meta.url), 'utf8')).version

export function versions() {
  const peers = Object.keys(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).dependencies)
  return {
    skein: version('../../package.json'),
    ...Object.fromEntries(peers.map(name => [name, version(`../node_modules/${name}/package.json`)])),
  }
}

/** Where and under what a run was, for a page that keeps its tables for long. */
export function occasion({ machine, quick }) {
  return `${aboutMachine(machine)}; the load was ${machine.load.toFixed(1)} when the run began${quick ? ', a quick one' : ''}`
}

export function aboutMachine({ cpu, cores, memoryGiB, system, node, python }) {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}; Node ${node}, ${python === 'not present' ? 'python3 not present' : python}`
}

export function aboutVersions(library) {
  return Object.entries(library)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
