// The tasks of the kill matrix: each writes what it does into a file to which lines are only ever added.
import { appendFileSync } from 'node:fs'
import { current, type Scope, task } from 'skein'
import { effect, thisJob } from 'skein/queue'
import './doom.ts'

/** What a task writes down. */
export interface Mark {
  readonly what: 'begin' | 'step' | 'end'
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

async function marking(s: Scope): Promise<Marking> {
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

export const plain = task(import.meta, async function plain(_n: number): Promise<Given> {
  const mark = await marking(current())
  mark('end')
  return { token: mark.token }
})

/** Its row is committed together with its acknowledgement. */
export const inStore = task(import.meta, async function inStore(_n: number): Promise<Given> {
  const s = current()
  const mark = await marking(s)
  const { id, token } = await thisJob(s)
  await effect(s, 'INSERT INTO kill_effects (job, token, pid) VALUES (?, ?, ?)', [id, token, process.pid])
  mark('end')
  return { token: mark.token }
})

export const stepped = task(import.meta, async function stepped(_n: number): Promise<Given> {
  const s = current()
  const mark = await marking(s)
  for (const name of ['one', 'two', 'three']) {
    await s.step(name, async inner => {
      mark('step', name)
      await inner.sleep(5)
    })
  }
  mark('end')
  return { token: mark.token }
})

/** Long enough for a lease to be renewed while it runs. */
export const slow = task(import.meta, async function slow(ms: number): Promise<Given> {
  const s = current()
  const mark = await marking(s)
  for (let passed = 0; passed < ms; passed += 50) {
    await s.sleep(50)
    s.progress({ token: mark.token })
  }
  mark('end')
  return { token: mark.token }
})

/** Does not let anything else happen in its thread. */
export const blocking = task(import.meta, async function blocking(ms: number): Promise<Given> {
  const s = current()
  const mark = await marking(s)
  const end = Date.now() + ms
  while (Date.now() < end) s.checkpoint()
  mark('end')
  return { token: mark.token }
})

export const flaky = task(import.meta, async function flaky(_n: number): Promise<Given> {
  const s = current()
  const mark = await marking(s)
  if (s.attempt % 2 === 1) throw new Error(`attempt ${s.attempt} fails`)
  mark('end')
  return { token: mark.token }
})
