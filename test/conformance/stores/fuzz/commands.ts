import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Claim,
  firstChild,
  jobCounter,
  type OutgoingCall,
  type Report,
  type Settlement,
  type StoredLimit,
  type StoredState,
} from 'skein/stores'
import type { StoreBed } from 'skein/testing/stores'
import type { Probe } from '#skein/testing/stores/probe.js'
import type { Model } from './model.ts'

/** The store under test, and what the test has got from it. */
export interface Real {
  readonly bed: StoreBed
  readonly probe: Probe
  /** Every claim ever, old ones too: they are used to try writes that must be lost. */
  readonly claims: Claim[]
  sent: number
  reported: number
}

type Command = fc.AsyncCommand<Model, Real>

function command(text: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real)
      const jobs = await real.probe.inspector.list({ limit: 1_000 })
      const seen = jobs.map(({ id, state, attempt, deaths, cancelling }) => ({
        id,
        state,
        attempt,
        deaths,
        cancelling: cancelling !== undefined,
      }))
      assert.deepEqual(seen, model.seen())
      for (const counter of ['x', 'y', ...model.calls.map(({ call: { id } }) => jobCounter(id))]) {
        const members = (await real.probe.members(counter)).map(({ id, member, state }) => ({ member, id, state }))
        assert.deepEqual(members, model.membersOf(counter))
      }
    },
    toString: () => text,
  }
}

const tasks = ['t', 'u'] as const
const queues = ['q', 'r'] as const
const spans = fc.constantFrom(0, 0, 0, 500, 1_000, 3_000)

/** The bounds of a key are always the same: what calls with different ones for one key mean, is nobody's business here. */
const limits: readonly StoredLimit[] = [
  { key: 'one', concurrency: 1, strategy: 'wait' },
  { key: 'two', concurrency: 2, strategy: 'wait' },
  { key: 'often', rate: { count: 2, per: 2_000 }, strategy: 'wait' },
  { key: 'both', concurrency: 2, rate: { count: 3, per: 4_000 }, strategy: 'wait' },
  { key: 'drop', concurrency: 2, strategy: 'drop' },
  { key: 'oldest', concurrency: 1, strategy: 'cancel-oldest' },
  { key: 'latest', rate: { count: 2, per: 3_000 }, strategy: 'cancel-oldest' },
]

const call: fc.Arbitrary<Omit<OutgoingCall, 'id'>> = fc
  .record({
    queue: fc.constantFrom(...queues),
    task: fc.constantFrom(...tasks),
    priority: fc.constantFrom(4, 4, 4, 0, 9),
    delay: spans,
    expires: fc.option(fc.constantFrom(800, 5_000), { nil: undefined, freq: 5 }),
    deadline: fc.option(fc.constantFrom(2_500, 20_000), { nil: undefined, freq: 5 }),
    maxDeaths: fc.option(fc.constantFrom(1, 2), { nil: undefined, freq: 4 }),
    ignoreResult: fc.option(fc.constant(true), { nil: undefined, freq: 5 }),
    unique: fc.option(
      fc.record({ key: fc.constantFrom('k', 'l'), conflict: fc.constantFrom('reject', 'join', 'replace') }),
      { nil: undefined, freq: 3 },
    ),
    limit: fc.option(fc.constantFrom(...limits), { nil: undefined, freq: 2 }),
  })
  .map(each => {
    const given = Object.entries({ ...each, headers: '{}', body: '[[],{},{}]' }).filter(
      ([, value]) => value !== undefined,
    )
    return Object.fromEntries(given) as unknown as Omit<OutgoingCall, 'id'>
  })

/** Members are few, so that many calls are the same one, and so that some counters have all of theirs. */
/** Those of one counter are all tolerated, those of the other are not: when several end as time passes, their order is the store's own affair. */
const membership = fc
  .record({ counter: fc.constantFrom('x', 'y'), member: fc.integer({ min: 0, max: 4 }), owned: fc.boolean() })
  .map(({ counter, member, owned }) => ({
    counter,
    member,
    ...(owned ? { owned } : {}),
    ...(counter === 'y' ? { tolerated: true as const } : {}),
  }))
const counts = fc.array(membership, {
  minLength: 1,
  maxLength: 2,
})

const after = fc.record({
  counter: fc.constantFrom('x', 'y'),
  members: fc.integer({ min: 0, max: 4 }),
  failure: fc.constantFrom<'release' | 'drop'>('release', 'drop'),
  limit: fc.option(fc.constantFrom(700, 2_600), { nil: undefined, freq: 3 }),
})
/** Where a time lets go, nothing else does: which of two that come as time passes is first, is the store's own affair. */
const awaited = after.map(({ limit, ...each }) =>
  limit === undefined ? each : { ...each, members: 99, failure: 'release' as const, limit },
)

const member = fc.tuple(call, counts).map(([each, given]) => ({ ...each, counts: given }))

/**
 * Calls that wait stand in a queue of their own, and are all claimed at once: when several are let go by what happens as time
 * passes, their order is the store's own affair.
 */
const waiter = fc
  .record({ after: awaited, counts: fc.option(counts, { nil: undefined, freq: 3 }) })
  .map(({ after: wait, counts: given }) => {
    const plain = { queue: 's', task: 't', priority: 4, delay: 0, headers: '{}', body: '[[],{},{}]', after: wait }
    return given === undefined ? plain : { ...plain, counts: given }
  })

const send = fc.array(fc.oneof(call, call, member, waiter), { minLength: 1, maxLength: 5 }).map(calls =>
  command(`send ${JSON.stringify(calls)}`, async (model, real) => {
    const outgoing = calls.map(each => ({ ...each, id: `c${real.sent++}` }))
    assert.deepEqual(await real.probe.send(outgoing), model.send(outgoing))
  }),
)

const sendAgain = fc.nat().map(n =>
  command(`send again ${n}`, async (model, real) => {
    const known = model.calls[n % Math.max(1, model.calls.length)]
    if (known) assert.deepEqual(await real.probe.send([known.call]), model.send([known.call]))
  }),
)

const claim = fc
  .record({
    limit: fc.integer({ min: 1, max: 6 }),
    queues: fc.constantFrom(['q'], ['q', 'r'], ['r', 'q']),
    tasks: fc.constantFrom(['t'], ['t', 'u']),
    rated: fc.boolean(),
  })
  .map(({ rated, ...request }) =>
    command(`claim ${JSON.stringify({ rated, ...request })}`, async (model, real) => {
      const rates = rated ? { rates: { u: { count: 2, per: 2_500 } } } : {}
      const { limit, ...more } = request
      const full = { worker: 'w', lease: 4_000, ...more, ...rates }
      const claims = await real.probe.claimed(limit, full)
      assert.deepEqual(
        claims.map(each => each.id),
        model.claim(full, limit),
      )
      for (const { id, steps } of claims) assert.deepEqual(Object.values(steps), model.reportsOf(id, 'step'))
      real.claims.push(...claims)
    }),
  )

const claimWaiters = fc.constant(
  command('claim waiters', async (model, real) => {
    const request = { worker: 'w', lease: 4_000, queues: ['s'], tasks: ['t'] }
    const claims = await real.probe.claimed(1_000, request)
    assert.deepEqual(claims.map(each => each.id).sort(), model.claim(request, 1_000).sort())
    for (const { id, after: counter } of claims) assert.equal(counter, model.find(id)?.after?.counter)
    real.claims.push(...claims)
  }),
)

const settle = fc
  .record({
    n: fc.nat(),
    kind: fc.constantFrom<Settlement['kind']>('done', 'done', 'failed', 'dead', 'retry', 'release', 'cancelled'),
    delay: spans,
    wait: fc.option(awaited, { nil: undefined, freq: 2 }),
    own: fc.boolean(),
    calls: fc.option(fc.array(fc.oneof(call, member, waiter), { maxLength: 3 }), { nil: undefined, freq: 2 }),
  })
  .map(({ n, kind, delay: given, wait, own, calls = [] }) =>
    command(`settle ${n} ${kind} ${given} ${JSON.stringify({ wait, own, calls })}`, async (model, real) => {
      const held = real.claims[n % Math.max(1, real.claims.length)]
      if (!held) return
      const { id, token } = held
      const current = real.claims.findLast(each => each.id === id) === held
      const waits = held.queue === 's' && kind === 'release'
      const delay = held.queue === 's' ? 0 : given
      const next = calls.map(each => ({ ...each, id: `c${real.sent++}` }))
      // For what it has asked for itself.
      const counted = own && wait ? { ...wait, counter: jobCounter(id) } : wait
      const following = { delay, next, ...(waits && counted ? { after: counted } : {}) }
      const settlement = { id, token, kind, ...following, result: '1', error: '{}' } as unknown as Settlement
      const expected = model.settle(id, current, kind, following)
      assert.deepEqual(await real.probe.store.broker.settle([settlement]), [expected])
    }),
  )

const renew = fc.record({ n: fc.nat(), lease: fc.constantFrom(1_000, 4_000, 9_000) }).map(({ n, lease }) =>
  command(`renew ${n} ${lease}`, async (model, real) => {
    const held = real.claims[n % Math.max(1, real.claims.length)]
    if (!held) return
    const { id, token } = held
    const current = real.claims.findLast(each => each.id === id) === held
    assert.deepEqual(await real.probe.store.broker.renew([{ id, token }], lease), [model.renew(id, current, lease)])
  }),
)

const blame = fc.record({ n: fc.nat(), blamed: fc.boolean() }).map(({ n, blamed }) =>
  command(`blame ${n} ${blamed}`, async (model, real) => {
    const held = real.claims[n % Math.max(1, real.claims.length)]
    if (!held) return
    const { id, token } = held
    const current = real.claims.findLast(each => each.id === id) === held
    assert.deepEqual(await real.probe.store.broker.blame([{ id, token }], blamed), [model.blame(id, current, blamed)])
  }),
)

/** What an attempt reports is kept in order, and what one reports that has lost its lease is not kept. */
const report = fc
  .record({
    n: fc.nat(),
    kind: fc.constantFrom<'progress' | 'step'>('progress', 'step'),
    calls: fc.option(fc.array(fc.oneof(call, member), { maxLength: 2 }), { nil: undefined, freq: 2 }),
  })
  .map(({ n, kind, calls = [] }) =>
    command(`report ${n} ${kind} ${JSON.stringify(calls)}`, async (model, real) => {
      const held = real.claims[n % Math.max(1, real.claims.length)]
      if (!held) return
      const { id, token } = held
      const current = real.claims.findLast(each => each.id === id) === held
      const value = String(real.reported++)
      const next = calls.map(each => {
        const own = { counter: jobCounter(id), member: firstChild + real.sent, owned: true as const }
        return { ...each, id: `c${real.sent++}`, counts: [own] }
      })
      const report: Report =
        kind === 'step' ? { id, token, kind, name: value, value, next } : { id, token, kind, value }
      const expected = model.report(id, current, kind, value, kind === 'step' ? next : [])
      assert.deepEqual(await real.probe.store.results.report([report]), [expected])
      const reports = (await real.probe.store.results.reports(id, 0)).filter(each => each.kind === kind)
      assert.deepEqual(
        reports.map(each =>
          kind === 'step' ? String((JSON.parse(each.value) as { value: number }).value) : each.value,
        ),
        model.reportsOf(id, kind),
      )
    }),
  )

const signal = fc.record({ n: fc.nat(), name: fc.constantFrom('a', 'b') }).map(({ n, name }) =>
  command(`signal ${n} ${name}`, async (model, real) => {
    const id = model.calls[n % Math.max(1, model.calls.length)]?.call.id ?? 'nobody'
    assert.equal(await real.probe.counters.signal(id, name, '1'), model.signal(id, name))
  }),
)

const turn = fc.constantFrom(1, 500, 1_000, 4_000).map(milliseconds =>
  command(`turn ${milliseconds}`, async (model, real) => {
    // From one moment to the next. A call that ends at one may stop another, whose lease is over at the next: a store that comes to both
    // at once buries that, as it may, and one that comes in time has asked it to stop before.
    for (let left = milliseconds; left > 0;) {
      const step = Math.min(left, model.untilNext)
      await real.bed.turn?.(step)
      model.turn(step)
      left -= step
    }
  }),
)

const change = fc
  .record({ n: fc.nat(), what: fc.constantFrom<'cancel' | 'retry'>('cancel', 'retry') })
  .map(({ n, what }) =>
    command(`${what} ${n}`, async (model, real) => {
      const id = model.calls[n % Math.max(1, model.calls.length)]?.call.id ?? 'nobody'
      if (what === 'cancel') assert.deepEqual(await real.probe.inspector.cancel([id], '"x"'), [model.cancel(id)])
      else assert.deepEqual(await real.probe.inspector.retry([id]), [model.retry(id)])
    }),
  )

const purge = fc.constantFrom<StoredState>('done', 'ready', 'delayed', 'cancelled', 'held').map(state =>
  command(`purge ${state}`, async (model, real) => {
    assert.equal(await real.probe.inspector.purge({ states: [state] }), model.purge([state]))
  }),
)

const pause = fc.record({ queue: fc.constantFrom(...queues), paused: fc.boolean() }).map(({ queue, paused }) =>
  command(`${paused ? 'pause' : 'resume'} ${queue}`, async (model, real) => {
    if (paused) {
      await real.probe.inspector.pause(queue)
      model.paused.add(queue)
    } else {
      await real.probe.inspector.resume(queue)
      model.paused.delete(queue)
    }
  }),
)

/** Some number of operations, each as likely as it is in real life, more or less. */
export const commands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    send,
    send,
    claim,
    claim,
    claimWaiters,
    settle,
    settle,
    renew,
    blame,
    report,
    signal,
    turn,
    change,
    purge,
    pause,
    sendAgain,
  ],
  { maxCommands: 60, size: '+1' },
)
