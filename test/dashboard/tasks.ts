import { call, current, task } from 'skein'

export const add = task(import.meta, (a: number, b: number) => a + b, { name: 'shop.add' })

export const fail = task(
  import.meta,
  (why: string): never => {
    throw new RangeError(why)
  },
  { name: 'shop.fail' },
)

export const untilCancelled = task(import.meta, () => current().sleep('1h'), { name: 'shop.untilCancelled' })

export const sum = task(import.meta, (all: readonly number[]) => all.reduce((a, b) => a + b, 0), { name: 'shop.sum' })

/** Leaves something of everything behind. */
export const tell = task(
  import.meta,
  async (order: { readonly id: string; readonly password: string }) => {
    const s = current()
    s.progress({ done: 1, of: 2 })
    s.log('half way', { token: 'abc' })
    await s.step('pay', () => ({ paid: order.id, secret: 'xyz' }))
    return { order: order.id, apiKey: 'k' }
  },
  { name: 'shop.tell' },
)

/** A graph: two sums, and the sum of those. */
export function graph() {
  return call(sum, [call(add, 1, 2), call(add, 3, 4)])
}
