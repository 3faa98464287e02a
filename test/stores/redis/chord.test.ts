import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { openStore } from 'skein/queue'
import type { Claim, InspectableStore, Intake, OutgoingCall, Store } from 'skein/stores'
import { type Aftermath, aftermathOf, type CallEnd } from '#skein/celery/canvas/aftermath.js'
import { describeRedis, freshRedis, type RedisServer } from '../../support/redis-server.ts'

const signature = (task: string, options = ''): string =>
  `{"task":"${task}","args":[],"kwargs":{},"options":{${options}},"subtask_type":null,"immutable":false}`

/** A chord of two, as it stands in a message. */
const header = ['one', 'two'].map(id => signature('t', `"task_id":"${id}","queue":"later"`)).join(',')
const chord = `{"task":"celery.chord","args":[],"kwargs":{"kwargs":{},"header":[${header}],"body":${signature('body', '"task_id":"the body"')}},"options":{},"subtask_type":"chord","immutable":false}`

/** A member of a chord, as Celery has it. */
function member(index: number, group = 'g', chord = signature('body', '"task_id":"body"')): OutgoingCall {
  const id = `${group} ${index}`
  return {
    id,
    queue: 'q',
    task: 't',
    headers: `{"lang":"py","task":"t","id":"${id}","root_id":"${id}","group":"${group}","group_index":${index}}`,
    body: `[[],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":${chord}}]`,
    priority: 0,
    delay: 0,
  }
}

describeRedis('a chord of Celery in a store on Redis', () => {
  let server: RedisServer
  let store: Store

  before(async () => {
    server = await freshRedis()
    store = await openStore(server.url)
  })
  after(async () => {
    await store.close()
    await server.stop()
  })
  beforeEach(() => server.text('FLUSHDB'))

  async function taken(count: number, queue = 'q'): Promise<Claim[]> {
    const claims: Claim[] = []
    let intake: Intake | undefined
    await new Promise<void>(resolve => {
      intake = store.broker.intake(
        { worker: 'w', queues: [queue], tasks: ['body'], lease: 60_000 },
        {
          claims: each => {
            claims.push(...each)
            if (claims.length >= count) resolve()
          },
          cancelling: () => {},
          lost: () => {},
          trouble: () => {},
        },
      )
      intake.want(count)
    })
    await intake?.stop()
    intake?.close()
    return claims
  }

  const following = (claim: Claim, end: CallEnd): Aftermath =>
    aftermathOf(claim, end, { newId: () => `new ${claim.id}`, knows: () => true })

  /** @param as the call that it is to the chord */
  async function end(claim: Claim | undefined, result = '1', as = claim): Promise<void> {
    assert.ok(claim && as)
    const canvas = following(as, { state: 'done', result })
    assert.deepEqual(await store.broker.settle([{ id: claim.id, token: claim.token, kind: 'done', result, canvas }]), [
      'ok',
    ])
  }

  test('is complete when as many parts are there as it has members, in whatever order, and the body gets their results in theirs', async () => {
    await store.broker.send([member(0), member(1), member(2)])
    await server.text('SET', 'celery-taskset-meta-g.s', '3')
    const claims = await taken(3)
    for (const at of [2, 0, 1]) await end(claims[at], `${at}.0`)
    const [body] = await taken(1)
    assert.equal(body?.id, 'body')
    assert.match(body?.body ?? '', /^\[\[\[0\.0,1\.0,2\.0\]\],/)
    assert.equal(JSON.parse(body?.headers ?? '').parent_id, 'g 1')
  })

  test('counts what was added to it, and nobody twice', async () => {
    await store.broker.send([member(0), member(1)])
    await server.text('SET', 'celery-taskset-meta-g.s', '1')
    await server.text('SET', 'celery-taskset-meta-g.t', '1')
    const [first, second] = await taken(2)
    await end(first)
    // As after a second run of it, with another result.
    await store.broker.send([{ ...member(0), id: 'again' }])
    const [again] = await taken(1)
    await end(again, '2', first)
    assert.equal(await server.text('LLEN', 'q'), '0')
    await end(second)
    assert.equal(await server.text('LLEN', 'q'), '1')
    assert.equal(await server.text('GET', 'celery-taskset-meta-g.c'), 'done')
  })

  test('is counted in with a member that has failed, was cancelled or has expired, and its body ends as failed', async () => {
    for (const kind of ['failed', 'cancelled', 'dead'] as const) {
      const group = kind
      await store.broker.send([member(0, group, signature('body', `"task_id":"body of ${kind}"`))])
      await server.text('SET', `celery-taskset-meta-${group}.s`, '1')
      const [claim] = await taken(1)
      assert.ok(claim)
      const error = '{"exc_type":"ValueError","exc_message":["a",2],"exc_module":"builtins"}'
      const canvas = following(claim, { state: kind, error })
      await store.broker.settle([{ id: claim.id, token: claim.token, kind, error, canvas }])
      const { state, error: said } = await store.results.outcome(`body of ${kind}`)
      assert.equal(state, 'failed')
      assert.match(said ?? '', /Dependency \w+ 0 raised (?:ValueError|TaskRevokedError)/)
      assert.equal(await server.text('EXISTS', `celery-taskset-meta-${group}.s`), '0')
    }
    await server.text('SET', 'celery-taskset-meta-late.s', '1')
    const late = member(0, 'late', signature('body', '"task_id":"body of late"'))
    const headers = `${late.headers.slice(0, -1)},"expires":"2020-01-01T00:00:00+00:00"}`
    await store.broker.send([{ ...late, headers }, member(1, 'other')])
    await taken(1)
    assert.equal((await store.results.outcome('body of late')).state, 'failed')
  })

  test('is counted in with a member that was cancelled while it waited', async () => {
    const body = `[[],{},{"callbacks":[${chord}],"errbacks":null,"chain":null,"chord":null}]`
    await store.broker.send([{ ...member(0), body }])
    const [claim] = await taken(1)
    await end(claim)
    const { inspector } = store as InspectableStore
    assert.deepEqual(await inspector.cancel(['one', 'two'], '"why"'), ['cancelled', 'cancelled'])
    // Somebody looks, and sees to it.
    await server.text('ZADD', 'skein:chording', '0', (await server.text('HKEYS', 'skein:chords')).trim())
    await store.broker.send([member(0, 'other')])
    await taken(1)
    while ((await store.results.outcome('the body')).state !== 'failed') await new Promise(setImmediate)
  })

  test('is seen to by another one, where who has counted the last part has died before the body was sent', async () => {
    await store.broker.send([member(0)])
    await server.text('SET', 'celery-taskset-meta-g.s', '1')
    const [claim] = await taken(1)
    const part = following(claim as Claim, { state: 'done', result: '5' }).parts[0]
    assert.ok(part)
    // As it stands after the first of the two scripts.
    await server.text('ZADD', 'celery-taskset-meta-g.j', part.score, part.entry)
    await server.text('HSET', 'skein:chords', 'g', part.chord)
    await server.text('ZADD', 'skein:chording', '0', 'g')
    const [body] = await taken(1)
    assert.equal(body?.id, 'body')
    assert.equal(await server.text('KEYS', 'skein:chord*'), '')
  })

  test('whose body is in the header of another one tells that, too, where it does not run', async () => {
    const outer = signature('outer', '"task_id":"outer"')
    const inner = signature('inner', `"task_id":"inner","group_id":"o","group_index":0,"chord":${outer}`)
    await store.broker.send([member(0, 'i', inner)])
    for (const group of ['i', 'o']) await server.text('SET', `celery-taskset-meta-${group}.s`, '1')
    const [claim] = await taken(1)
    assert.ok(claim)
    const error = '{"exc_type":"E","exc_message":[],"exc_module":"m"}'
    const canvas = following(claim, { state: 'failed', error })
    await store.broker.settle([{ id: claim.id, token: claim.token, kind: 'failed', error, canvas }])
    for (const id of ['inner', 'outer']) assert.equal((await store.results.outcome(id)).state, 'failed')
  })
})
