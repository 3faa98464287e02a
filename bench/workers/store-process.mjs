// One process of the `fair` measurement: sends in lots of a hundred, or claims and ends what it gets.
import { call, claimRequest } from '../measure/store.mjs'
import { sqliteStore } from '../../dist/stores/sqlite/index.js'

const [role, url, ms] = process.argv.slice(2)
const store = await sqliteStore(url)
const go = new Promise(resolve => process.once('message', resolve))
process.send('ready')
await go
const end = performance.now() + Number(ms)
let count = 0

async function produce() {
  while (performance.now() < end) {
    await store.broker.send(Array.from({ length: 100 }, () => call()))
    count += 100
  }
}

async function work() {
  const settling = new Set()
  let over = false
  const { limit, ...request } = claimRequest
  const intake = store.broker.intake(request, {
    claims: claims => {
      // What comes when the time is over would be settled in a store that is closing.
      if (claims.length === 0 || over) return
      const settled = settle(claims).finally(() => settling.delete(settled))
      settling.add(settled)
    },
    cancelling: () => {},
    lost: () => {},
    trouble: () => {},
  })
  async function settle(claims) {
    await store.broker.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: 'null' })))
    count += claims.length
    intake.want(limit)
  }
  intake.want(limit)
  await new Promise(resolve => setTimeout(resolve, end - performance.now()))
  over = true
  intake.close()
  await Promise.all(settling)
}

await (role === 'producer' ? produce() : Promise.all([work(), work()]))
await store.close()
process.send(count, () => process.disconnect())
