import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, task } from 'skein'
import { redaction, restored } from '#skein/dashboard/jobs/redaction.js'
import { memoryBoard } from './board.ts'

const place = { task: 't', part: 'args' } as const
const odd = task(import.meta, (..._args: unknown[]) => 1, { name: 'odd' })

describe('values that are not shown', () => {
  test('are those of fields with telling names, however deep, and in Maps', () => {
    const hide = redaction()
    assert.deepEqual(
      hide(
        [{ user: 'ada', password: 'x', Api_Key: 'y', 'access-token': 'z', tokens: 3, a: [{ clientSecret: {} }] }],
        place,
      ),
      [
        {
          user: 'ada',
          password: '[hidden]',
          Api_Key: '[hidden]',
          'access-token': '[hidden]',
          tokens: 3,
          a: [{ clientSecret: '[hidden]' }],
        },
      ],
    )
    assert.deepEqual(
      hide(
        {
          $type: 'Map',
          value: [
            ['password', 'x'],
            ['name', 'ada'],
          ],
        },
        place,
      ),
      {
        $type: 'Map',
        value: [
          ['password', '[hidden]'],
          ['name', 'ada'],
        ],
      },
    )
    assert.deepEqual(redaction(['iban'])({ IBAN: 1, password: 2 }, place), { IBAN: '[hidden]', password: 2 })
    assert.deepEqual(redaction([])({ password: 2 }, place), { password: 2 })
  })

  test('are what a hook makes of them; where it fails, nothing is shown', () => {
    const seen: unknown[] = []
    const hook = redaction(undefined, (value, where) => {
      seen.push(where)
      return [String((value as unknown[]).length)]
    })
    assert.deepEqual(hook([1, 2], place), ['2'])
    assert.deepEqual(seen, [place])
    const failing = redaction(undefined, () => {
      throw new Error('oops')
    })
    assert.equal(failing([1], place), '[hidden]')
    assert.equal(redaction(undefined, async value => value)([1], place), '[hidden]')
    let deep: unknown = 1
    for (let at = 0; at < 50_000; at++) deep = [deep]
    assert.equal(redaction()(deep, place), '[hidden]')
  })

  test('stay what they are where somebody edits around them', () => {
    const original = { user: 'ada', password: 'x', when: new Date(0), list: [1, { token: 't' }] }
    const shown = {
      user: 'ada',
      password: '[hidden]',
      when: '1970-01-01T00:00:00.000Z',
      list: [1, { token: '[hidden]' }],
    }
    assert.equal(restored(shown, { ...shown }, original), original)
    assert.deepEqual(restored({ ...shown, user: 'eve', more: '[hidden]' }, shown, original), {
      ...original,
      user: 'eve',
      more: '[hidden]',
    })
    assert.deepEqual(restored({ ...shown, list: [2, { token: '[hidden]' }, 3] }, shown, original), {
      ...original,
      list: [2, { token: 't' }, 3],
    })
    // At another place it means nothing.
    assert.deepEqual(restored({ user: '[hidden]', password: 'new' }, shown, original), {
      user: '[hidden]',
      password: 'new',
    })
  })

  test('are found by no search', async t => {
    const { queue, ask } = await memoryBoard(t)
    await queue.submit(call(odd, { password: 'hunter2', user: 'ada' }))
    assert.equal(((await ask('/api/jobs?q=ada')).body['jobs'] as unknown[]).length, 1)
    assert.equal(((await ask('/api/jobs?q=hunter2')).body['jobs'] as unknown[]).length, 0)
    assert.equal(((await ask('/api/jobs?q=args:hunter')).body['jobs'] as unknown[]).length, 0)
  })

  test('a copy of a job has what JSON has no form for', async t => {
    const { queue, ask } = await memoryBoard(t)
    const rich = [new Date(0), new Map([['a', 1n]]), { at: new Date(1), note: 'old' }]
    await queue.submit(call(odd, ...rich).with({ id: 'rich' }))
    const shown = (await ask('/api/jobs/rich')).body['args'] as unknown[]
    const edited = [shown[0], shown[1], { ...(shown[2] as object), note: 'new' }]
    const { status, body } = await ask('/api/jobs/rich/clone', { args: edited })
    assert.equal(status, 201)
    const copy = await queue.jobs({ ids: [String(body['id'])] })
    assert.deepEqual(copy[0]?.args, [rich[0], rich[1], { at: new Date(1), note: 'new' }])
  })
})
