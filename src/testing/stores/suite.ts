import { describe } from 'node:test'
import type { StoreSubject } from './bed.ts'
import { hasOf, type Kind } from './scene.ts'
import { blaming } from './themes/blaming.ts'
import { cancelling } from './themes/cancelling.ts'
import { clocks } from './themes/clocks.ts'
import { closing } from './themes/closing.ts'
import { awaiting } from './themes/awaiting.ts'
import { counting } from './themes/counting.ts'
import { ending } from './themes/ending.ts'
import { following } from './themes/following.ts'
import { gaps } from './themes/gaps.ts'
import { graphing } from './themes/graphing.ts'
import { intaking } from './themes/intaking.ts'
import { leases } from './themes/leases.ts'
import { limits } from './themes/limits.ts'
import { looking } from './themes/looking.ts'
import { ordering } from './themes/ordering.ts'
import { refusing } from './themes/refusing.ts'
import { reporting } from './themes/reporting.ts'
import { scheduling } from './themes/scheduling.ts'
import { sending } from './themes/sending.ts'
import { transferring } from './themes/transferring.ts'
import { undoing } from './themes/undoing.ts'
import { uniqueness } from './themes/uniqueness.ts'
import { waiting } from './themes/waiting.ts'
import { watching } from './themes/watching.ts'

const themes: Readonly<Record<string, (kind: Kind) => void>> = {
  sending,
  ordering,
  intaking,
  clocks,
  leases,
  blaming,
  ending,
  following,
  counting,
  awaiting,
  waiting,
  scheduling,
  graphing,
  uniqueness,
  limits,
  cancelling,
  reporting,
  undoing,
  transferring,
  watching,
  looking,
  refusing,
  closing,
  gaps,
}

/**
 * Registers the tests that every store has to pass, on `node:test`: what `skein/queue` promises, asked of the store alone.
 *
 * For those who write a store for another database. Which tests are registered follows from the roles of the store: it is
 * opened once to see them. What is not there is not tested, except that it must be refused; the last theme, `gaps`, lists it.
 * Call it at the top level of a test file, and wait for it.
 *
 * **Cancellation**: none. **Errors**: what the store says when it cannot be opened.
 *
 * @param subject how to open a store for a test, and how to turn its clock
 * @example
 * import type { Store } from 'skein/stores'
 * import { memoryStore } from 'skein/stores/memory'
 * import { storeSuite } from 'skein/testing/stores'
 *
 * await storeSuite({
 *   name: 'the memory store',
 *   heeds: ['maxBytes'],
 *   make: async () => {
 *     const name = `bed ${Math.random()}`
 *     const opened: Store[] = []
 *     return {
 *       open: async options => {
 *         const store = memoryStore({ ...options, name })
 *         opened.push(store)
 *         return store
 *       },
 *       quiet: () => new Promise(resolve => setImmediate(resolve)),
 *       tearDown: async () => {
 *         for (const each of opened) await each.close()
 *       },
 *     }
 *   },
 * })
 * console.log('from here on the runner reports')
 */
export async function storeSuite(subject: StoreSubject): Promise<void> {
  const bed = await subject.make()
  const store = await bed.open()
  const kind = { subject, has: hasOf(store, bed, subject) }
  await bed.tearDown()
  describe(`${subject.name} keeps the contract of stores`, () => {
    for (const [name, theme] of Object.entries(themes)) describe(name, () => theme(kind))
  })
}
