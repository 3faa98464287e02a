import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const found = spawnSync('python3', ['--version'], { encoding: 'utf8' })

/** `Python 3.11.7`, or undefined where there is none. */
export const pythonVersion = found.status === 0 ? found.stdout.trim() : undefined

/** The contestants given, or, where python3 is missing, rows that say so. */
export function pythonContestants(script, list) {
  const path = fileURLToPath(new URL(`../python/${script}.py`, import.meta.url))
  return list.map(contestant => ({
    ...contestant,
    role: 'python',
    command: ['python3', path],
    absent: pythonVersion === undefined,
  }))
}
