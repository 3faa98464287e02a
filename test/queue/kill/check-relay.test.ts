import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StoredJob } from '#skein/stores/roles/inspector.js'
import { relayViolationsOf } from './check-relay.ts'
import type { RelayLeg } from './programs/relay-calls.ts'

function job(id: string, leg: Omit<RelayLeg, 'generation'>, more: Partial<StoredJob> = {}): StoredJob {
  const times = { startedAt: leg.kind === 'gather' || id === 'l2' ? 20 : 10, endedAt: 20 }
  const fails = leg.kind === 'link' && leg.index === 1
  return {
    id,
    body: JSON.stringify([[{ generation: 1, ...leg }], {}, {}]),
    state: fails ? 'failed' : 'done',
    ...(fails ? { error: '{"token":2}' } : { result: '{"token":2}' }),
    ...times,
    ...more,
  } as StoredJob
}

const members = JSON.stringify({ token: 2, members: ['l0', 'l1', 'l2'] })
/** A relay of one generation in which all went well. */
const whole: readonly StoredJob[] = [
  job('root', { kind: 'spread', index: 0 }),
  job('l0', { kind: 'link', index: 0, parent: 'root', token: 2 }),
  job('l1', { kind: 'link', index: 1, parent: 'root', token: 2 }),
  job('l2', { kind: 'link', index: 2, parent: 'root', token: 2 }),
  job('g', { kind: 'gather', index: 3, parent: 'root', token: 2 }, { result: members }),
  job('n', { kind: 'note', index: 0, parent: 'l1', token: 2 }),
  job('n0', { kind: 'note', index: 0, parent: 'l2', token: 1 }),
  job('n1', { kind: 'note', index: 1, parent: 'l2', token: 1 }),
]

function violations(jobs: readonly StoredJob[]): string[] {
  return relayViolationsOf({ roots: ['root'], jobs: new Map(jobs.map(each => [each.id, each])) })
}

/** The whole with one call changed, or another one added. */
function but(changed: StoredJob): StoredJob[] {
  return [...whole.filter(({ id }) => id !== changed.id), changed]
}

const broken: readonly (readonly [fault: string, left: readonly StoredJob[], told: RegExp])[] = [
  [
    'a follower that was not sent',
    whole.filter(({ id }) => id !== 'n'),
    /note 0 does not follow link l1, which has ended/,
  ],
  [
    'a follower that was sent twice',
    [...whole, job('n twice', { kind: 'note', index: 0, parent: 'l1', token: 2 })],
    /note 0 was sent 2 times after link l1/,
  ],
  [
    'a follower under an old token',
    but(job('n', { kind: 'note', index: 0, parent: 'l1', token: 1 })),
    /follows link l1 was sent under token 1, and it has ended under token 2/,
  ],
  [
    'followers of several settlements',
    [...but(job('n1', { kind: 'note', index: 1, parent: 'l2', token: 0 }))],
    /follows link l2 was sent under several tokens/,
  ],
  [
    'a follower of a settlement that was not written',
    [...whole, job('m', { kind: 'note', index: 0, parent: 'nobody', token: 1 })],
    /call m follows call nobody, which is not there/,
  ],
  [
    'a call that has not ended',
    but(job('l0', { kind: 'link', index: 0, parent: 'root', token: 2 }, { state: 'ready' })),
    /link l0 is ready, not done/,
  ],
  [
    'one that waits and does not see all members',
    but(
      job('g', { kind: 'gather', index: 3, parent: 'root', token: 2 }, { result: '{"token":2,"members":["l0","l1"]}' }),
    ),
    /gather g saw 2 members of 3/,
  ],
  [
    'one that starts before a member has ended',
    but(job('g', { kind: 'gather', index: 3, parent: 'root', token: 2 }, { result: members, startedAt: 19 })),
    /gather g started before call l0/,
  ],
]

describe('the checker of relays', () => {
  test('finds nothing where nothing is wrong', () => {
    assert.deepEqual(violations(whole), [])
  })

  test('misses a relay that was accepted', () => {
    assert.deepEqual(relayViolationsOf({ roots: ['root'], jobs: new Map() }), ['call root was accepted and is gone'])
  })

  for (const [fault, left, told] of broken) {
    test(`tells of ${fault}`, () => {
      const found = violations(left)
      assert.ok(
        found.some(each => told.test(each)),
        found.join('; '),
      )
    })
  }
})
