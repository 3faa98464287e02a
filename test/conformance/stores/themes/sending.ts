import assert from 'node:assert/strict'
import { claimed, claimedIds, named, oneClaim, outgoing, scene, settled, stateOf, type Subject } from '../subject.ts'

export function sending(subject: Subject): void {
  scene(subject, 'a call that was sent can be claimed, just as it was given', async ({ store }) => {
    const call = outgoing({ headers: '{"a":"ä ☃ \\u0000"}', body: '[["\\ud800",1e999],{},null]', priority: 7 })
    assert.deepEqual(await store.send([call]), [{ outcome: 'accepted', id: call.id }])
    const claim = await oneClaim(store)
    assert.equal(claim.id, call.id)
    assert.equal(claim.headers, call.headers)
    assert.equal(claim.body, call.body)
    assert.equal(claim.queue, 'q')
    assert.equal(claim.task, 't')
    assert.equal(claim.priority, 7)
    assert.equal(claim.attempt, 1)
    assert.equal(claim.deaths, 0)
    assert.deepEqual(claim.steps, {})
  })

  scene(subject, 'hostile names and texts stay what they are', async ({ store }) => {
    const text = `'"; DROP TABLE call; -- \u0001 \u2028 % _ \\`
    const call = outgoing({
      id: text,
      queue: text,
      task: '__proto__',
      headers: '{"__proto__":1}',
      tags: [text, 'constructor'],
    })
    await store.send([call])
    const [claim] = await claimed(store, 1, { queues: [text], tasks: ['__proto__'] })
    assert.equal(claim?.id, text)
    assert.equal(claim.headers, '{"__proto__":1}')
    assert.deepEqual((await store.job(text))?.tags, [text, 'constructor'])
    assert.deepEqual(
      (await store.stats()).queues.map(each => each.queue),
      [text],
    )
  })

  scene(subject, 'a call that is sent twice is kept once, whatever has become of it', async ({ store }) => {
    const [call] = named(['a'])
    assert.ok(call)
    assert.deepEqual(await store.send([call, call]), [
      { outcome: 'accepted', id: 'a' },
      { outcome: 'joined', id: 'a' },
    ])
    const claim = await oneClaim(store)
    assert.deepEqual(await store.send([call]), [{ outcome: 'joined', id: 'a' }])
    await settled(store, claim)
    assert.deepEqual(await store.send([call]), [{ outcome: 'joined', id: 'a' }])
    assert.deepEqual(await claimedIds(store), [])
  })

  scene(subject, 'many calls of one send are all kept', async ({ store }) => {
    const calls = named(Array.from({ length: 2_500 }, (_, index) => `c${index}`))
    const outcomes = await store.send(calls)
    assert.equal(outcomes.filter(each => each.outcome === 'accepted').length, 2_500)
    assert.deepEqual(
      await claimedIds(store, 2_500),
      calls.map(call => call.id),
    )
  })

  scene(
    subject,
    'a call with more bytes than the store takes is rejected alone',
    async ({ store }) => {
      const [first, last] = named(['first', 'last'])
      assert.ok(first && last)
      const body = `[["${'ä'.repeat(600)}"],{},{}]`
      const outcomes = await store.send([first, outgoing({ body }), last])
      assert.deepEqual(outcomes, [
        { outcome: 'accepted', id: 'first' },
        { outcome: 'rejected', reason: 'size', bytes: Buffer.byteLength(body) + 2, limit: 1_000 },
        { outcome: 'accepted', id: 'last' },
      ])
    },
    { maxBytes: 1_000 },
  )

  scene(subject, 'an empty send is no mistake', async ({ store }) => {
    assert.deepEqual(await store.send([]), [])
  })

  scene(subject, 'a call with ignoreResult leaves nothing behind when it has succeeded', async ({ store }) => {
    await store.send(named(['good', 'bad'], { ignoreResult: true }))
    const [good, bad] = await claimed(store)
    assert.ok(good && bad)
    await settled(store, good)
    await settled(store, bad, { kind: 'failed', error: '{}' })
    assert.equal(await store.job('good'), undefined)
    assert.equal(await stateOf(store, 'bad'), 'failed')
  })
}
