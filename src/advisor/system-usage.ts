import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Machine } from './comparison.ts'

/** Linux counts the time of processes in hundredths of a second, on every architecture that Node runs on. */
const tick = 10
/** Linux tells resident memory in pages. */
const page = 4096

/** CPU time that this process and all its threads have used, in milliseconds. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** CPU time that other processes have used in sum, in milliseconds; undefined where the system doesn't tell. */
export function cpuOf(pids: readonly number[]): number | undefined {
  let sum = 0
  for (const pid of pids) {
    const text = procFile(pid, 'stat')
    if (text === undefined) return undefined
    // The name of the program may hold spaces and brackets; what follows its last bracket are plain fields.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    sum += (Number(fields[11]) + Number(fields[12])) * tick
  }
  return sum
}

/** Resident memory of other processes in sum; undefined where the system doesn't tell. */
export function memoryOf(pids: readonly number[]): number | undefined {
  let sum = 0
  for (const pid of pids) {
    const text = procFile(pid, 'statm')
    if (text === undefined) return undefined
    sum += Number(text.split(' ')[1]) * page
  }
  return sum
}

function procFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return undefined
  }
}

/** The machine as people name it. */
export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    memory:
      process.constrainedMemory() > 0 && process.constrainedMemory() < totalmem()
        ? process.constrainedMemory()
        : totalmem(),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
  }
}
