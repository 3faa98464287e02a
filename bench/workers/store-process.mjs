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
    await store.send(Array.from({ length: 100 }, () => call()))
    count += 100
  }
}

async function work() {
  while (performance.now() < end) {
    const told = nextSignal()
    const claims = await store.claim(claimRequest)
    if (claims.length === 0) {
      await told
      continue
    }
    await store.settle(claims.map(({ id, token }) => ({ id, token, kind: 'done', result: 'null' })))
    count += claims.length
  }
}

function nextSignal() {
  return new Promise(resolve => {
    const done = () => {
      stop()
      clearTimeout(timer)
      resolve()
    }
    const stop = store.on('claimable', done)
    const timer = setTimeout(done, 100)
  })
}

await (role === 'producer' ? produce() : Promise.all([work(), work()]))
await store.close()
process.send(count, () => process.disconnect())
