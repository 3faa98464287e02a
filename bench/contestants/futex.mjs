import { spawnSync } from 'node:child_process'
import { compiled } from '../lib/compiler.mjs'

/** Two threads of a C program that wake each other with the system's own call: the floor of this machine. */
export async function open() {
  const { file, remove } = compiled('futex.c', ['-pthread'])
  return {
    roundTrips: (warmupMs, latencyMs) => {
      const { status, stdout, stderr } = spawnSync(file, [String(warmupMs), String(latencyMs)], {
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      })
      if (status !== 0) throw new Error(`the program ended with ${status}: ${stderr}`)
      return stdout.trimEnd().split('\n').map(Number)
    },
    close: remove,
  }
}
