import { current, NonRetryableError, registerError, sleep, type StandardSchema, task } from 'skein'

export class TooSmall extends Error {
  readonly least: number
  constructor(least: number) {
    super(`less than ${least}`)
    this.least = least
  }
}
registerError(TooSmall, { name: 'client-tasks.TooSmall' })

export const double = task(import.meta, function double(n: number) {
  return n * 2
})

export const describeAll = task(import.meta, function describeAll(values: Map<string, unknown>, at: Date) {
  return { keys: [...values.keys()], at, big: 2n ** 70n }
})

export const refuse = task(import.meta, function refuse(n: number): number {
  throw new TooSmall(n)
})

export const refuseForGood = task(import.meta, function refuseForGood(): number {
  throw new NonRetryableError('there is no such customer')
})

/** Ends when it is cancelled, and not before. */
export const waitForever = task(import.meta, async function waitForever() {
  const s = current()
  s.progress('waiting')
  await s.sleep('1h')
})

/** As `waitForever`, but it tells nothing of itself. */
export const silent = task(import.meta, async function silent() {
  await current().sleep('1h')
})

export const countTo = task(import.meta, async function* countTo(end: number) {
  for (let i = 1; i <= end; i++) {
    await sleep(0)
    yield i
  }
})

export const countThenFail = task(import.meta, async function* countThenFail(end: number) {
  for (let i = 1; i <= end; i++) yield i
  throw new TooSmall(end)
})

export const report = task(import.meta, async function report(steps: number) {
  const s = current()
  for (let i = 1; i <= steps; i++) {
    s.log(`step ${i}`, { i })
    s.progress(i / steps)
  }
  await s.sleep(0)
  return steps
})

export const attempts: number[] = []
export const failTwice = task(import.meta, function failTwice() {
  const { attempt } = current()
  attempts.push(attempt)
  if (attempt < 3) throw new TooSmall(attempt)
  return attempt
})

const amount: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value =>
      typeof value === 'number' && value > 0 ? { value } : { issues: [{ message: 'must be a number above 0' }] },
  },
}
/** Takes its time to check, and gives trimmed text. */
const name: StandardSchema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async value =>
      typeof value === 'string' ? { value: value.trim() } : { issues: [{ message: 'must be text' }] },
  },
}
export const pay = task(import.meta, (who: string, cents: number) => `${who}: ${cents}`, {
  name: 'billing.pay',
  input: [name, amount],
})

/** Ids in the order in which they ran. */
export const ran: string[] = []
export const note = task(import.meta, async function note(id: string) {
  ran.push(`${id} begins`)
  await sleep(0)
  ran.push(`${id} ends`)
})
