import { current, task } from 'skein'
import { fileAppears, touch } from '../files.ts'

export const order = task(import.meta, async function order(id: number) {
  const s = current()
  const receipt = await s.step('charge', () => ({ id, at: new Date(0), attempt: s.attempt }))
  const note = await s.step('notify', async s => {
    await s.sleep(1)
    return `sent ${receipt.id}`
  })
  return { receipt, note }
})

export const stepTwice = task(import.meta, async function stepTwice() {
  const s = current()
  await s.step('again', () => 1)
  await s.step('again', () => 2)
})

export const stepFails = task(import.meta, async function stepFails() {
  await current().step('breaks', () => {
    throw new RangeError('no more paper')
  })
})

export const stepGives = task(import.meta, async function stepGives(what: 'function' | 'undefined') {
  const value = await current().step('odd', () => (what === 'function' ? () => 1 : undefined))
  return value === undefined ? 'undefined' : typeof value
})

export const oneStep = task(import.meta, async function oneStep(name: string) {
  return await current().step(name, () => 'done anew')
})

/** Waits in a step whose answer never comes; tidies up when it is stopped. */
export const stepAndTidy = task(import.meta, async function stepAndTidy(marker: string) {
  try {
    await current().step('never answered', () => 1)
  } finally {
    touch(marker)
  }
})

export const stepAndDie = task(import.meta, async function stepAndDie() {
  void current().step('asked', () => 1)
  setTimeout(() => process.exit(3), 20)
  await new Promise(() => {})
})

export const writeLog = task(import.meta, async function writeLog(gate: string) {
  const s = current()
  await fileAppears(gate)
  s.log('charged', { amount: 12n, at: new Date(0) })
  s.log('plain')
  await s.spawn(s => s.log('from a child')).result()
  return 'logged'
})

export const leaveStep = task(import.meta, function leaveStep(name: string) {
  // Nobody waits for the step: the task is over, and what comes back later concerns nobody.
  void current()
    .step(name, () => 1)
    .catch(() => {})
  return 'left'
})
