// Tasks of a shop that there is only for pictures of the dashboard.
import { current, task } from 'skein'

const name = word => ({ name: `shop.${word}` })

export const charge = task(
  import.meta,
  async order => {
    const s = current()
    await s.step('authorize', () => ({ order: order.id, authorized: true }))
    await s.sleep(order.takes ?? 5)
    if (order.cents > 90_000)
      throw new RangeError(`The card of order ${order.id} was declined: limit of 900.00 EUR exceeded`)
    return s.step('capture', () => ({ order: order.id, cents: order.cents, receipt: `R-${order.id}` }))
  },
  name('charge'),
)

export const mail = task(
  import.meta,
  async letter => {
    const s = current()
    s.log('connected', { host: 'mail.example.org', port: 587 })
    await s.sleep(2)
    if (letter.to.endsWith('.invalid'))
      throw new Error(`550 5.1.1 <${letter.to}>: Recipient address rejected: User unknown`)
    return { accepted: 1 }
  },
  name('mail'),
)

export const thumbnail = task(
  import.meta,
  width => {
    const s = current()
    const end = performance.now() + 20
    for (let n = 0; performance.now() < end; n++) if (n % 1_000 === 0) s.checkpoint()
    return { width, bytes: width * 31 }
  },
  name('thumbnail'),
)

export const importFeed = task(
  import.meta,
  async (feed, rows) => {
    const s = current()
    for (let row = 1; row <= rows; row++) {
      s.progress({ done: row, of: rows, feed })
      if (row % 20 === 1) s.log(`row ${row} of ${rows}`)
      await s.sleep(feed === 'suppliers' ? 1_000 : 1)
    }
    return { feed, rows }
  },
  name('import_feed'),
)

export const price = task(import.meta, (article, factor) => Math.round(article * factor * 100) / 100, name('price'))
export const total = task(import.meta, prices => prices.reduce((a, b) => a + b, 0), name('total'))
export const invoice = task(import.meta, (sum, customer) => ({ customer, sum }), name('invoice'))
export const cleanUp = task(import.meta, () => 17, name('clean_up'))
export const crash = task(import.meta, () => process.exit(9), name('crash'))
