// What the tasks of the kill matrix write into a file to which lines are only ever added.
import { appendFileSync } from 'node:fs'
import type { Scope } from 'skein'
import { thisJob } from 'skein/queue'

/** The queue of the jobs that wait. */
export const waitsQueue = 'waits'

/** What a task writes down. */
export interface Mark {
  readonly what: 'begin' | 'step' | 'undone' | 'end'
  readonly job: string
  readonly token: number
  readonly attempt: number
  readonly pid: number
  readonly task: string
  readonly step?: string
}

/** What a task gives back: the checker sees by it which attempt has written the result. */
export interface Given {
  readonly token: number
}

interface Marking {
  (what: Mark['what'], step?: string): void
  readonly token: number
}

/** Notes the beginning of an attempt; what it returns notes the rest. */
export async function marking(s: Scope): Promise<Marking> {
  const { id, token, attempt, task } = await thisJob(s)
  const file = process.env['SKEIN_KILL_LOG']
  if (!file) throw new Error('SKEIN_KILL_LOG names no file')
  const mark = (what: Mark['what'], step?: string): void => {
    const line: Mark = {
      what,
      job: id,
      token,
      attempt,
      pid: process.pid,
      task,
      ...(step === undefined ? {} : { step }),
    }
    appendFileSync(file, `${JSON.stringify(line)}\n`)
  }
  mark('begin')
  return Object.assign(mark, { token })
}
