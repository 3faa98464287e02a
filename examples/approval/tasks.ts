import { current, NonRetryableError, task } from 'skein'
import { signalStep } from 'skein/queue'
import { enter } from './ledger.ts'

/** Something that somebody wants to buy. */
export interface Purchase {
  readonly number: string
  readonly who: string
  readonly what: string
  readonly cents: number
}

/** The answer of the one who approves. */
export interface Answer {
  readonly approved: boolean
  readonly by: string
}

/**
 * Sets the money aside, waits up to three days for an answer, and orders. Unless it comes to the order, whatever the reason, the money
 * is given back.
 *
 * The function runs again from its top whenever it goes on, in any worker: what it does stands in steps, and each of them is done once.
 */
export const purchase = task(import.meta, async function purchase({ number, cents }: Purchase, ledger: string) {
  const s = current()
  await s.step('set the money aside', () => enter(ledger, { id: `${number} set aside`, cents: -cents }), {
    undo: () => enter(ledger, { id: `${number} given back`, cents }),
  })

  const { approved, by } = await signalStep<Answer>(s, 'approval', { timeout: '3d' })
  if (!approved) throw new NonRetryableError(`declined by ${by}`)

  const order = await s.step('order', () => enter(ledger, { id: `${number} ordered`, cents: 0 }), {
    retries: { times: 5, backoff: '1m' },
  })
  await s.step('tell', () => s.log(`${order.id}, approved by ${by}`))
  return order.id
})
