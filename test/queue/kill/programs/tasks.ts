// The tasks of the kill matrix: each writes what it does into a file to which lines are only ever added.
import { type Call, call, current, NonRetryableError, type Scope, task } from 'skein'
import { callStep, effect, signalStep, sleepStep, thisJob } from 'skein/queue'
import './doom.ts'
import { type Given, marking, waitsQueue } from './marks.ts'

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

/** Fails for good once it has done three things, and takes them back. */
export const undoing = task(import.meta, async function undoing(_n: number): Promise<Given> {
  const s = current()
  const mark = await marking(s)
  for (const name of ['one', 'two', 'three']) {
    const work = async (inner: Scope): Promise<void> => {
      mark('step', name)
      await inner.sleep(5)
    }
    const undo = async (inner: Scope): Promise<void> => {
      mark('undone', name)
      await inner.sleep(5)
    }
    await s.step(name, work, { undo })
  }
  throw new NonRetryableError('all of it has to be undone')
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

/** Takes what others have given. */
export const joined = task(import.meta, async function joined(_parts: readonly Given[]): Promise<Given> {
  const mark = await marking(current())
  mark('end')
  return { token: mark.token }
})

/** Three calls, and one that needs them. */
export function graph(n: number): Call<Given> {
  const options = { queue: waitsQueue, retries: { times: 50, backoff: 20, maxBackoff: 200 } }
  const parts = [0, 1, 2].map(() => call(plain, n).with(options))
  return call(joined, parts).with(options)
}

/** Has a graph run in its place. */
export const handing = task(import.meta, async function handing(n: number): Promise<Call<Given>> {
  await marking(current())
  return graph(n)
})

/** Sleeps, waits for a signal and calls another job, with a step before each. */
export const waiting = task(import.meta, async function waiting(n: number): Promise<Given> {
  const s = current()
  const mark = await marking(s)
  await s.step('one', () => mark('step', 'one'))
  // Longer than what stays in its place.
  await sleepStep(s, 'a while', 1_050)
  await s.step('two', () => mark('step', 'two'))
  await signalStep(s, 'word')
  await s.step('three', () => mark('step', 'three'))
  await callStep(s, 'other', call(plain, n).with({ retries: { times: 50, backoff: 20, maxBackoff: 200 } }))
  mark('end')
  return { token: mark.token }
})
