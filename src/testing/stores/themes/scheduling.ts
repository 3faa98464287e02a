import assert from 'node:assert/strict'
import type { ScheduleChange, ScheduleOutcome, ScheduleState, StoredSchedule } from '../../../stores/roles/schedules.ts'
import { type Kind, named, outgoing, scene } from '../scene.ts'
import type { Probe } from '../probe.ts'

const state = (changes: Partial<ScheduleState> = {}): ScheduleState => ({
  definition: '{"a":1}',
  progress: '{}',
  ...changes,
})

async function changed(
  probe: Probe,
  change: ScheduleChange,
): Promise<Extract<ScheduleOutcome, { outcome: 'changed' }>> {
  const [outcome] = await probe.schedules.change([change])
  assert.ok(outcome?.outcome === 'changed', JSON.stringify(outcome))
  return outcome
}

/** Schedules, and the calls of their terms. */
export function scheduling(kind: Kind): void {
  scene(
    kind,
    'a schedule is kept as it was given, and changed only by who knows its version',
    ['schedules'],
    async ({ probe }) => {
      const { schedules } = probe
      assert.equal(await schedules.find('ä'), undefined)
      const { version } = await changed(probe, { name: 'ä', version: 0, to: state({ dueAt: 5_000 }) })
      assert.ok(version > 0)
      assert.deepEqual(await schedules.find('ä'), { name: 'ä', version, dueAt: 5_000, ...state() })
      const to = state({ definition: '{"b":2}', progress: '[]' })
      assert.deepEqual(await schedules.change([{ name: 'ä', version: 0, to }]), [{ outcome: 'stale' }])
      assert.deepEqual(await schedules.change([{ name: 'ä', version: version + 1, to }]), [{ outcome: 'stale' }])
      const second = await changed(probe, { name: 'ä', version, to })
      assert.ok(second.version > version)
      assert.deepEqual(await schedules.find('ä'), { name: 'ä', version: second.version, ...to })
      assert.deepEqual(await schedules.change([{ name: 'ä', version, to: state() }]), [{ outcome: 'stale' }])
    },
  )

  scene(kind, 'a schedule that was removed and made anew is another one', ['schedules'], async ({ probe }) => {
    const { schedules } = probe
    const { version } = await changed(probe, { name: 's', version: 0, to: state() })
    assert.deepEqual(await schedules.change([{ name: 's', version: version + 1 }]), [{ outcome: 'stale' }])
    assert.deepEqual(await changed(probe, { name: 's', version }), { outcome: 'changed', version: 0, sent: [] })
    assert.equal(await schedules.find('s'), undefined)
    assert.deepEqual(await schedules.change([{ name: 's', version }]), [{ outcome: 'stale' }])
    const again = await changed(probe, { name: 's', version: 0, to: state() })
    assert.ok(again.version > version)
  })

  scene(
    kind,
    'schedules are listed in the order of their names, a thousand at once',
    ['schedules'],
    async ({ probe }) => {
      const names = Array.from({ length: 1_001 }, (_, index) => `s${String(index).padStart(4, '0')}`)
      const outcomes = await probe.schedules.change(
        [...names].reverse().map(name => ({ name, version: 0, to: state() })),
      )
      assert.equal(new Set(outcomes.map(each => each.outcome === 'changed' && each.version)).size, 1_001)
      const first = await probe.schedules.list()
      assert.deepEqual(
        first.map(({ name }) => name),
        names.slice(0, 1_000),
      )
      const rest = await probe.schedules.list(first.at(-1)?.name)
      assert.deepEqual(
        rest.map(({ name }) => name),
        names.slice(1_000),
      )
    },
  )

  scene(
    kind,
    'the schedules that are due come in order, and it is said when the next one is',
    ['schedules', 'turn'],
    async ({ probe, bed }) => {
      const { schedules } = probe
      const { now, ...none } = await schedules.due(10)
      assert.deepEqual(none, { due: [] })
      const at: Record<string, number | undefined> = {
        later: 20_000,
        second: 6_000,
        first: 5_000,
        third: 6_000,
        never: undefined,
      }
      await schedules.change(
        Object.entries(at).map(([name, span]) => ({
          name,
          version: 0,
          to: state(span === undefined ? {} : { dueAt: now + span }),
        })),
      )
      assert.deepEqual(await schedules.due(10), { now, due: [], next: now + 5_000 })
      await bed.turn(6_000)
      const found = await schedules.due(10)
      assert.deepEqual([found.now, found.next], [now + 6_000, now + 20_000])
      assert.deepEqual(
        found.due.map(({ name }) => name),
        ['first', 'second', 'third'],
      )
      assert.deepEqual(found.due[0], await schedules.find('first'))
      const two = await schedules.due(2)
      assert.deepEqual([two.due.length, two.next], [2, now + 20_000])
    },
  )

  scene(
    kind,
    'when a schedule is due is a matter of the time of day',
    ['schedules', 'turn', 'jump'],
    async ({ probe, bed }) => {
      const { schedules } = probe
      const { now } = await schedules.due(1)
      await changed(probe, { name: 's', version: 0, to: state({ dueAt: now + 3_600_000 }) })
      await bed.jump(3_600_000)
      assert.equal((await schedules.due(1)).due.length, 1)
      await bed.jump(-7_200_000)
      assert.deepEqual(await schedules.due(1), { now: now - 3_600_000, due: [], next: now + 3_600_000 })
    },
  )

  scene(
    kind,
    'the calls of terms are sent in the commit that changes the schedule, or not at all',
    ['schedules'],
    async ({ probe }) => {
      const terms = named(['s@1', 's@2']).map(call => ({ call }))
      const { version, sent } = await changed(probe, { name: 's', version: 0, to: state(), terms })
      assert.deepEqual(sent, [
        { outcome: 'accepted', id: 's@1' },
        { outcome: 'accepted', id: 's@2' },
      ])
      const stale = { name: 's', version: version + 1, to: state(), terms: [{ call: outgoing({ id: 's@3' }) }] }
      const removal = {
        name: 's',
        version,
        terms: [{ call: outgoing({ id: 's@1' }) }, { call: outgoing({ id: 's@4' }) }],
      }
      assert.deepEqual(await probe.schedules.change([stale, removal]), [
        { outcome: 'stale' },
        {
          outcome: 'changed',
          version: 0,
          sent: [
            { outcome: 'joined', id: 's@1' },
            { outcome: 'accepted', id: 's@4' },
          ],
        },
      ])
      assert.deepEqual(await probe.claimedIds(), ['s@1', 's@2', 's@4'])
      assert.equal(await probe.stateOf('s@3'), 'gone')
    },
  )

  scene(
    kind,
    'of two who change one schedule at the same time one is too late',
    ['schedules'],
    async ({ probe, bed }) => {
      const other = await bed.open()
      assert.ok(other.schedules)
      let { version } = await changed(probe, { name: 's', version: 0, to: state() })
      for (let round = 0; round < 20; round++) {
        const change = (who: string): ScheduleChange => ({
          name: 's',
          version,
          to: state({ progress: JSON.stringify(who) }),
          terms: [{ call: outgoing({ id: `${who} ${round}` }) }],
        })
        const both: ScheduleOutcome[][] = await Promise.all([
          probe.schedules.change([change('one')]),
          other.schedules.change([change('two')]),
        ])
        assert.deepEqual(new Set(both.map(([each]) => each?.outcome)), new Set(['changed', 'stale']))
        const found: StoredSchedule | undefined = await other.schedules.find('s')
        assert.ok(found)
        const winner = both[0]?.[0]?.outcome === 'changed' ? 'one' : 'two'
        assert.equal(found.progress, JSON.stringify(winner))
        assert.deepEqual(await probe.claimedIds(), [`${winner} ${round}`])
        version = found.version
      }
    },
  )

  scene(
    kind,
    'a call is held behind another one until that has ended, in whatever way',
    ['schedules', 'counters', 'cancel'],
    async ({ probe }) => {
      const terms = [
        { call: outgoing({ id: 'a' }) },
        { call: outgoing({ id: 'b' }), behind: 'a' },
        { call: outgoing({ id: 'c' }), behind: 'b' },
      ]
      const { version } = await changed(probe, { name: 's', version: 0, to: state(), terms })
      const a = await probe.oneClaim()
      assert.deepEqual([a.id, await probe.claimedIds()], ['a', []])
      // An attempt that failed is not the end.
      await probe.settled(a, { kind: 'retry', error: '{}', delay: 0 })
      const again = await probe.oneClaim()
      assert.equal(again.id, 'a')
      await probe.settled(again, { kind: 'failed', error: '{}' })
      assert.equal((await probe.oneClaim()).id, 'b')
      await probe.inspector.cancel(['b'], '"stop"')
      assert.deepEqual(await probe.claimedIds(), [])
      await changed(probe, {
        name: 's',
        version,
        to: state(),
        terms: [
          { call: outgoing({ id: 'd' }), behind: 'a' },
          { call: outgoing({ id: 'e' }), behind: 'unknown' },
        ],
      })
      assert.deepEqual(await probe.claimedIds(), ['d', 'e'])
      assert.equal(await probe.stateOf('c'), 'pending')
    },
  )

  scene(
    kind,
    'a call that cancels the one before it takes its place, and starts once that has stopped',
    ['schedules', 'counters', 'cancel'],
    async ({ probe }) => {
      const first = await changed(probe, {
        name: 's',
        version: 0,
        to: state(),
        terms: [{ call: outgoing({ id: 'a' }) }],
      })
      const b = { call: outgoing({ id: 'b' }), behind: 'a', cancel: '"late"' }
      const second = await changed(probe, { name: 's', version: first.version, to: state(), terms: [b] })
      assert.equal(await probe.stateOf('a'), 'cancelled')
      const taking = probe.intake()
      taking.want(5)
      await taking.until(({ claims }) => claims.length === 1)
      const c = { call: outgoing({ id: 'c' }), behind: 'b', cancel: '"late"' }
      await changed(probe, { name: 's', version: second.version, to: state(), terms: [c] })
      await taking.until(({ cancelling }) => cancelling.length === 1)
      assert.deepEqual(taking.cancelling, [['b', '"late"']])
      assert.equal(taking.claims.length, 1)
      const [claim] = taking.claims
      assert.ok(claim)
      await probe.settled(claim, { kind: 'cancelled', error: '{}' })
      await taking.until(({ claims }) => claims.length === 2)
      assert.equal(taking.claims[1]?.id, 'c')
      await taking.stop()
      taking.close()
    },
  )

  scene(kind, 'who listens hears of changes, also by others', ['schedules'], async ({ probe, bed }) => {
    const other = await bed.open()
    assert.ok(other.schedules)
    let ring: () => void = () => {}
    const heard = (): Promise<void> => new Promise(resolve => (ring = resolve))
    const stop = probe.schedules.watch(() => ring())
    await probe.schedules.due(1)
    for (const schedules of [probe.schedules, other.schedules]) {
      const next = heard()
      const found = await schedules.find('s')
      await schedules.change([{ name: 's', version: found?.version ?? 0, to: state() }])
      await next
    }
    stop()
    let late = 0
    ring = () => late++
    await changed(probe, { name: 't', version: 0, to: state() })
    await bed.quiet()
    assert.equal(late, 0)
  })

  scene(
    kind,
    'a schedule with more bytes than the store takes is rejected',
    ['schedules', 'maxBytes'],
    async ({ probe }) => {
      const to = state({ definition: JSON.stringify('ä'.repeat(1_000)) })
      assert.deepEqual(await probe.schedules.change([{ name: 's', version: 0, to }]), [
        { outcome: 'rejected', bytes: 2_004, limit: 1_000 },
      ])
      assert.equal(await probe.schedules.find('s'), undefined)
      const large = outgoing({ id: 'large', body: `["${'x'.repeat(2_000)}",{},{}]` })
      const { sent } = await changed(probe, { name: 's', version: 0, to: state(), terms: [{ call: large }] })
      assert.equal(sent[0]?.outcome, 'rejected')
    },
    { maxBytes: 1_000 },
  )

  scene(kind, 'changes of schedules must make sense', ['schedules'], async ({ probe }) => {
    const good: ScheduleChange = { name: 'good', version: 0, to: state() }
    const bad: readonly Partial<Record<keyof ScheduleChange, unknown>>[] = [
      { name: '' },
      { name: 7 },
      { name: '\ud800' },
      { version: -1 },
      { version: 0.5 },
      { version: NaN },
      { to: undefined },
      { to: { ...state(), dueAt: Infinity } },
      { to: { ...state(), dueAt: NaN } },
      { to: { ...state(), definition: undefined } },
      { to: { ...state(), progress: 5 } },
      { terms: {} },
      { terms: [{ call: outgoing({ delay: -1 }) }] },
      { terms: [{ call: outgoing(), behind: '' }] },
      { terms: [{ call: outgoing(), behind: 'a', cancel: 'no JSON' }] },
    ]
    for (const changes of bad) {
      const both = [good, { ...good, name: 's', ...changes }] as ScheduleChange[]
      await assert.rejects(probe.schedules.change(both), { code: 'SKEIN_INVALID_ARGUMENT' }, JSON.stringify(changes))
    }
    for (const most of [0, -1, NaN, Infinity, 1.5]) {
      await assert.rejects(probe.schedules.due(most), { code: 'SKEIN_INVALID_ARGUMENT' })
    }
    assert.deepEqual(await probe.schedules.list(), [])
  })
}
