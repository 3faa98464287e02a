import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { errorOfException } from '#skein/celery/exception.js'
import { readJson } from '#skein/celery/read-json.js'
import { decodeFailure, decodeValue, encodeFailure, encodeValue } from '#skein/celery/result.js'
import {
  callState,
  readChordPart,
  readGroup,
  readResult,
  writeChordPart,
  writeGroup,
  writeResult,
} from '#skein/celery/result-document.js'
import { groupKey, resultKey } from '#skein/celery/redis-keys.js'
import { inMilliseconds, sample, samples, sound } from './samples.ts'

// oxlint-disable-next-line no-explicit-any
type Loose = any

const results = [...samples('results'), ...samples('rabbitmq').filter(({ name }) => name.startsWith('rpc'))].filter(
  ({ name }) => name !== 'groupresult-saved.redis',
)

describe('a result that Celery has kept', () => {
  for (const { name, raw, body_text: text = raw, place } of results) {
    test(`is read, and written alike: ${name}`, () => {
      const document = sound(readResult(text))
      const given = readJson(text) as Record<string, unknown>
      if (place['key'] !== undefined) assert.equal(resultKey(document.id), place['key'])
      const { date_done: doneAt = null, ...others } = inMilliseconds(given)
      const { date_done: own, ...written } = inMilliseconds(readJson(writeResult(document)) as typeof given)
      // The replies of rpc:// have got the time only in later versions.
      assert.equal(own, doneAt)
      // A task that asks to be tried again and does not say why: what it was doing at that moment is not kept.
      if (document.state === 'RETRY' && document.error === undefined) others['traceback'] = null
      assert.deepEqual(written, others)
    })
  }

  test('has a state that says how the call stands', () => {
    const states = new Map(
      results
        .map(({ raw, body_text: text = raw }) => sound(readResult(text)))
        .map(each => [each.state, callState(each.state)]),
    )
    assert.deepEqual(Object.fromEntries(states), {
      SUCCESS: 'done',
      FAILURE: 'failed',
      REVOKED: 'cancelled',
      RETRY: 'pending',
      STARTED: 'running',
      PROGRESS: 'running',
    })
  })

  test('is the value that was returned', () => {
    const value = (name: string): unknown => decodeValue(sound(readResult(sample('results', name).raw)).result!)
    assert.equal(value('result-success.redis'), 3)
    assert.equal(value('result-null.redis'), null)
    assert.deepEqual(value('result-nan.redis'), Number.NaN)
    assert.deepEqual(value('result-custom-state.redis'), { done: 5, of: 10 })
    assert.deepEqual(value('result-typed-values.redis'), [
      new Date('2026-01-02T03:04:05.678Z'),
      '00000000-0000-0000-0000-000000000001',
      '1.10',
      [1, 2],
      new Uint8Array([255]),
    ])
  })

  test('of a group that was saved has the ids of its members', () => {
    const { raw, place } = sample('results', 'groupresult-saved.redis')
    const group = sound(readGroup(raw))
    assert.equal(groupKey(group.id), place['key'])
    assert.deepEqual(JSON.parse(writeGroup(group.id, group.members)), JSON.parse(raw))
  })
})

describe('an exception that Celery has kept', () => {
  const failed = results.filter(({ raw, body_text: text = raw }) => sound(readResult(text)).error !== undefined)

  for (const { name, raw, body_text: text = raw } of failed) {
    test(`arrives with its name, args and traceback, and goes back as what it was: ${name}`, () => {
      const { result, traceback } = readJson(text) as Loose
      const document = sound(readResult(text))
      const error = decodeFailure(document.error!) as Loose
      assert.equal(error instanceof Error, true)
      const isWrapped = result.exc_type === 'UnpickleableExceptionWrapper'
      const [module, type, args] = isWrapped
        ? result.exc_message
        : [result.exc_module, result.exc_type, result.exc_message]
      assert.deepEqual([error.module, error.name, error.args], [module, type, args])
      assert.equal(error.stack, traceback ?? `${error.name}: ${error.message}`)
      // As it would be kept if it went through a task here.
      const again = readJson(writeResult({ ...document, error: encodeFailure(error) })) as Loose
      assert.deepEqual(again.result, { exc_type: type, exc_message: args, exc_module: module })
    })
  }

  test('says what it said', () => {
    const message = (name: string): string =>
      (decodeFailure(sound(readResult(sample('results', name).raw)).error!) as Error).message
    assert.equal(message('result-failure.redis'), 'a, 2')
    assert.equal(message('result-not-registered.redis'), 'no.such.task')
    assert.equal(message('result-failure-custom.redis'), '7')
    assert.equal(message('result-soft-limit.redis'), 'SoftTimeLimitExceeded')
  })

  const cases = sample('tables', 'failure-records-read-by-python')['cases'] as {
    readonly case: string
    readonly result: Loose
    readonly caller_that_has_the_module: { readonly class: string; readonly repr: string }
  }[]
  for (const { case: name, result } of cases) {
    test(`is an error, whatever its record holds: ${name}`, () => {
      const text = JSON.stringify({ status: 'FAILURE', result, traceback: null, task_id: 'id' })
      const error = decodeFailure(sound(readResult(text)).error!) as Loose
      assert.ok(error instanceof Error)
      if (typeof result === 'string') assert.equal(error.message, result)
      else if (result === null) assert.match(error.message, /says FAILURE, and not what has happened/)
      else if (result.exc_type === 'UnpickleableExceptionWrapper') assert.equal(error.name, 'Boom')
      else assert.equal(error.name, result.exc_type)
    })
  }

  test('keeps what a number of any length, a date and bytes in its args are', () => {
    const { message, args } = errorOfException(
      readJson('{"exc_type":"E","exc_module":"m","exc_message":[12345678901234567890,{"a":[null]}]}') as Loose,
    ) as Loose
    assert.equal(message, "12345678901234567890, {'a': [None]}")
    assert.deepEqual(args, [12345678901234567890n, { a: [null] }])
  })
})

describe('the members of a chord', () => {
  const { commands } = sample('broker', 'chord-zset-members.redis')
  const failed = sample('broker', 'chord-zset-error-members.redis')['members'] as [string, number][]
  const members = [...commands.map(([, , , member = '']) => member), ...failed.map(([member]) => member)]
  for (const member of members) {
    test(`are read, and written alike: ${member}`, () => {
      const part = sound(readChordPart(member))
      assert.deepEqual(JSON.parse(writeChordPart(part)), JSON.parse(member))
    })
  }

  test('lie under keys with the id of their group', () => {
    const { place } = sample('broker', 'chord-size.redis')
    const id = 'a080da85-b68e-420e-82db-a879ddfefd73'
    assert.equal(groupKey(id, 'size'), place['key'])
    assert.equal(groupKey(id, 'ended'), commands[0]?.[1])
  })
})

describe('a result of our own', () => {
  test('is plain JSON for others, and whole here', () => {
    const value = new Map([['a', new Set([1n])]])
    const text = writeResult({ id: 'i', state: 'SUCCESS', result: encodeValue(value), doneAt: 0 })
    const { result, ...others } = JSON.parse(text) as Loose
    assert.deepEqual(result, [['a', [1]]])
    assert.deepEqual(Object.keys(others), ['status', 'traceback', 'children', 'date_done', 'skein', 'task_id'])
    assert.deepEqual(decodeValue(sound(readResult(text)).result!), value)
  })

  test('is a failure with the three fields that Python needs, and comes back as what it was', () => {
    const text = writeResult({ id: 'i', state: 'FAILURE', error: encodeFailure(new RangeError('no'), 'a[0]') })
    assert.deepEqual((JSON.parse(text) as Loose).result, {
      exc_type: 'ValueError',
      exc_message: ['no'],
      exc_module: 'builtins',
    })
    const error = decodeFailure(sound(readResult(text)).error!)
    assert.ok(error instanceof RangeError)
    assert.equal(error.message, 'no')
  })

  test('that looks like one of ours and is not, is what it is', () => {
    for (const value of [{ __skein__: 1 }, { __skein__: 1, marks: [] }, [{ __skein__: 1 }]]) {
      const text = `{"status": "SUCCESS", "task_id": "i", "result": ${JSON.stringify(value, null, 1)}}`
      assert.deepEqual(decodeValue(sound(readResult(text)).result!), value)
    }
  })
})
