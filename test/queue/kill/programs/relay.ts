// Works on a store by itself: claims calls and settles each of them together with what comes next, until it is killed.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { crashPoint } from '#skein/stores/crash-point.js'
import type { Claim, Settlement } from '#skein/stores/roles/broker.js'
import type { OutgoingCall } from '#skein/stores/roles/calls.js'
import type { Store } from '#skein/stores/index.js'
import type { InspectableStore } from '#skein/stores/roles/store.js'
import { redisStore } from '#skein/stores/redis/by-url.js'
import { sqliteStore } from '#skein/stores/sqlite/index.js'
import './doom.ts'
import { relayCall, relayQueue, type RelayLeg, relayStoreOptions } from './relay-calls.ts'

const [url = '', most = '4'] = process.argv.slice(2)
const open: (url: string, options: object) => Promise<Store> = url.startsWith('redis:') ? redisStore : sqliteStore
const store = (await open(url, relayStoreOptions)) as InspectableStore

/** How a call ends, and what follows: with new ids each time, so that what is sent twice is there twice. */
async function settlementOf(claim: Claim): Promise<Settlement> {
  const { id, token, after } = claim
  const [[{ kind, index, generation }]] = JSON.parse(claim.body) as [[RelayLeg]]
  const counter = randomUUID()
  const follow = (leg: Omit<RelayLeg, 'parent' | 'token'>, more: Partial<OutgoingCall> = {}): OutgoingCall =>
    relayCall({ ...leg, parent: id, token }, more)
  const member = (leg: Pick<RelayLeg, 'kind' | 'index'>): OutgoingCall =>
    follow({ ...leg, generation }, { counts: [{ counter, member: leg.index }] })
  const result = JSON.stringify({ token })
  if (kind === 'spread') {
    const links = [0, 1, 2].map(each => member({ kind: 'link', index: each }))
    const gather = follow(
      { kind: 'gather', index: 3, generation },
      { after: { counter, members: 3, failure: 'release' } },
    )
    return { id, token, kind: 'done', result, next: [...links, gather] }
  }
  if (kind === 'gather') {
    const members = await store.counters.members(after ?? '', -1)
    const next = generation > 1 ? [follow({ kind: 'spread', index: 0, generation: generation - 1 })] : []
    return { id, token, kind: 'done', result: JSON.stringify({ token, members: members.map(each => each.id) }), next }
  }
  if (kind === 'link' && index === 1) {
    return { id, token, kind: 'failed', error: result, next: [follow({ kind: 'note', index: 0, generation })] }
  }
  if (kind === 'link' && index === 2 && after === undefined) {
    const next = [0, 1].map(each => member({ kind: 'note', index: each }))
    return { id, token, kind: 'release', after: { counter, members: 2, failure: 'release' }, next }
  }
  return { id, token, kind: 'done', result }
}

/** Until the store has answered: whoever does not know whether it was written says it again. */
async function settle(claim: Claim): Promise<void> {
  for (;;) {
    try {
      const settlement = await settlementOf(claim)
      crashPoint('before-ack')
      const [outcome] = await store.broker.settle([settlement])
      if (typeof outcome === 'object') throw new Error(outcome.refused)
      return
    } catch (error) {
      process.stderr.write(`${String(error)}\n`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}

/** Few, so that whoever comes to grief does so with something in its hands and not with everything. */
const atOnce = Number(most)
let held = 0
const intake = store.broker.intake(
  {
    worker: `${hostname()}:${process.pid}:relay`,
    queues: [relayQueue],
    tasks: ['spread', 'link', 'gather', 'note'],
    lease: 1_000,
  },
  {
    claims: claims => {
      held += claims.length
      for (const claim of claims) {
        setTimeout(() => {
          void settle(claim).then(() => {
            held--
            intake.want(atOnce - held)
          })
        }, Math.random() * 20)
      }
      intake.want(atOnce - held)
    },
    // Nobody cancels here, and a claim that is lost says so when it is settled.
    cancelling: () => {},
    lost: () => {},
    trouble: error => void process.stderr.write(`${String(error)}\n`),
  },
)
intake.want(atOnce)
process.stdout.write('ready\n')
process.once('SIGTERM', () => void store.close())
