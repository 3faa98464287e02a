import assert from 'node:assert/strict'
import { named, outgoing, type Kind, scene } from '../scene.ts'

export function sending(kind: Kind): void {
  scene(kind, 'a call that was sent can be claimed, just as it was given', [], async ({ probe }) => {
    const call = outgoing({ headers: '{"a":"ä ☃ \\u0000"}', body: '[["\\ud800",1e999],{},null]' })
    assert.deepEqual(await probe.send([call]), [{ outcome: 'accepted', id: call.id }])
    const claim = await probe.oneClaim()
    assert.equal(claim.id, call.id)
    assert.equal(claim.headers, call.headers)
    assert.equal(claim.body, call.body)
    assert.equal(claim.queue, 'q')
    assert.equal(claim.task, 't')
    assert.equal(claim.attempt, 1)
    assert.equal(claim.deaths, 0)
    assert.deepEqual(claim.steps, {})
  })

  scene(kind, 'hostile names and texts stay what they are', [], async ({ probe }) => {
    const text = `'"; DROP TABLE call; -- \u0001 \u2028 % _ \\`
    const call = outgoing({
      id: text,
      queue: text,
      task: '__proto__',
      headers: '{"__proto__":1}',
    })
    await probe.send([call])
    const [claim] = await probe.claimed(1, { queues: [text], tasks: ['__proto__'] })
    assert.equal(claim?.id, text)
    assert.equal(claim.headers, '{"__proto__":1}')
    assert.equal(claim.queue, text)
  })

  scene(kind, 'hostile names and texts are shown as they are', ['find', 'list', 'stats'], async ({ probe }) => {
    const text = `'"; DROP TABLE call; -- \u0001 \u2028 % _ \\`
    await probe.send([outgoing({ id: text, queue: text, tags: [text, 'constructor'] })])
    assert.deepEqual((await probe.job(text)).tags, [text, 'constructor'])
    assert.deepEqual(await probe.listed({ tag: 'constructor' }), [text])
    assert.deepEqual(
      (await probe.inspector.stats()).queues.map(each => each.queue),
      [text],
    )
  })

  scene(kind, 'a call that is sent twice is kept once, whatever has become of it', ['once'], async ({ probe }) => {
    const [call] = named(['a'])
    assert.ok(call)
    assert.deepEqual(await probe.send([call, call]), [
      { outcome: 'accepted', id: 'a' },
      { outcome: 'joined', id: 'a' },
    ])
    const claim = await probe.oneClaim()
    assert.deepEqual(await probe.send([call]), [{ outcome: 'joined', id: 'a' }])
    await probe.settled(claim)
    assert.deepEqual(await probe.send([call]), [{ outcome: 'joined', id: 'a' }])
    assert.deepEqual(await probe.claimedIds(), [])
  })

  scene(kind, 'many calls of one send are all kept', [], async ({ probe }) => {
    const calls = named(Array.from({ length: 2_500 }, (_, index) => `c${index}`))
    const outcomes = await probe.send(calls)
    assert.equal(outcomes.filter(each => each.outcome === 'accepted').length, 2_500)
    assert.deepEqual(
      await probe.claimedIds(2_500),
      calls.map(call => call.id),
    )
  })

  scene(
    kind,
    'a call with more bytes than the store takes is rejected alone',
    ['maxBytes'],
    async ({ probe }) => {
      const [first, last] = named(['first', 'last'])
      assert.ok(first && last)
      const body = `[["${'ä'.repeat(600)}"],{},{}]`
      const outcomes = await probe.send([first, outgoing({ body }), last])
      assert.deepEqual(outcomes, [
        { outcome: 'accepted', id: 'first' },
        { outcome: 'rejected', reason: 'size', bytes: Buffer.byteLength(body) + 2, limit: 1_000 },
        { outcome: 'accepted', id: 'last' },
      ])
    },
    { maxBytes: 1_000 },
  )

  scene(kind, 'an empty send is not a mistake', [], async ({ probe }) => {
    assert.deepEqual(await probe.send([]), [])
  })

  scene(kind, 'a call with ignoreResult leaves nothing behind when it has succeeded', [], async ({ probe }) => {
    await probe.send(named(['good', 'bad'], { ignoreResult: true }))
    const [good, bad] = await probe.claimed()
    assert.ok(good && bad)
    await probe.settled(good)
    await probe.settled(bad, { kind: 'failed', error: '{}' })
    assert.equal(await probe.stateOf('good'), 'gone')
    assert.equal(await probe.stateOf('bad'), 'failed')
  })
}
