import { execFile } from 'node:child_process'
import { UsageError } from '../exit-codes.ts'
import { pythonSignatures } from './python-signatures.ts'
import type { Signature } from './signature.ts'

/** The time that the import of a project may take, in milliseconds. */
const patience = 60_000

/**
 * The tasks of a Celery project, which is imported by a Python of its own.
 *
 * @param app the application as `celery -A` takes it: `proj`, `proj.tasks:app`
 * @param python the program
 * @throws UsageError where that cannot be done, with what Python said last
 */
export async function tasksOfProject(app: string, python: string): Promise<Signature[]> {
  const { answer, error, said } = await run(python, ['-c', pythonSignatures, app])
  if (error?.code === 'ENOENT') {
    throw new UsageError(
      `There is no program ${python}. Say which Python has the project's packages: --python .venv/bin/python`,
      'celery',
    )
  }
  if (error !== null) {
    const last = said.trim().split('\n').at(-1) ?? ''
    const why = error.killed === true ? `it was not done within ${patience / 1_000} s` : last || error.message
    const hint = /No module named '(?:celery|kombu)'/.test(last)
      ? ' Say which Python has the packages of the project: --python .venv/bin/python'
      : ' It is imported from the current folder, as by celery -A.'
    throw new UsageError(`${python} could not import the Celery application ${app}: ${why}.${hint}`, 'celery')
  }
  return JSON.parse(answer) as Signature[]
}

interface Ran {
  readonly answer: string
  readonly said: string
  readonly error: (Error & { readonly code?: unknown; readonly killed?: boolean }) | null
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise(resolve => {
    const child = execFile(
      program,
      args,
      { timeout: patience, killSignal: 'SIGKILL', maxBuffer: 256 * 1024 * 1024 },
      (error, answer, said) => resolve({ error: error as Ran['error'], answer, said }),
    )
    child.stdin?.end()
  })
}
