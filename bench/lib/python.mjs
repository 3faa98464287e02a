import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
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

const python = new URL('../python/', import.meta.url)

/** The Python that has the peers of `python/requirements.txt`. */
export const venvPython = fileURLToPath(new URL('.venv/bin/python', python))

/**
 * Makes a virtual environment with the Python peers, in bench/python/.venv, if it is missing. False where that can't be
 * done: no Python, or no way to its packages.
 */
export function prepareVenv(say) {
  if (existsSync(venvPython)) return true
  if (pythonVersion === undefined) return false
  say('Installing the Python peers into bench/python/.venv')
  const environment = fileURLToPath(new URL('.venv', python))
  const requirements = fileURLToPath(new URL('requirements.txt', python))
  const steps = [
    ['python3', ['-m', 'venv', environment]],
    [venvPython, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]],
  ]
  const done = steps.every(([command, args]) => spawnSync(command, args, { stdio: ['ignore', 2, 2] }).status === 0)
  // Half an environment would be taken for a whole one the next time.
  if (!done) rmSync(environment, { recursive: true, force: true })
  return done
}

/** `pythonContestants` for those that need the packages of the virtual environment. */
export function venvContestants(script, list) {
  const path = fileURLToPath(new URL(`${script}.py`, python))
  return list.map(contestant => ({
    ...contestant,
    role: 'python',
    command: [venvPython, path],
    needsVenv: true,
    absent: pythonVersion === undefined,
  }))
}
