import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, loop, type StandardSchema, task, ValidationError } from 'skein'
import { checkArguments, checkResult, definitionOf } from '#skein/call/define/definition.js'
import { retryDelay } from '#skein/call/run/retry.js'

interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[]
}

const schema = <T>(check: (value: unknown) => { value: T } | { issues: Issue[] }, slow = false): StandardSchema<T> => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value => (slow ? Promise.resolve(check(value)) : check(value)),
  },
})

const isNumber = (value: unknown): { value: number } | { issues: Issue[] } =>
  typeof value === 'number' ? { value } : { issues: [{ message: 'is no number' }] }

const trimmed = schema(value => ({ value: String(value).trim() }))
const named = schema(value =>
  typeof (value as { name?: unknown } | null)?.name === 'string'
    ? { value }
    : { issues: [{ message: 'is no text', path: ['people', { key: 0 }, 'name'] }, { message: 'is odd' }] },
)

describe('the schemas of a task', () => {
  test('are kept with the function, and absent where there are none', () => {
    const bare = (a: number): number => a
    task(import.meta, bare, { name: 'kept', input: schema(isNumber), output: schema(isNumber), retryIf: () => true })
    const definition = definitionOf(bare)
    assert.equal(definition?.input?.length, 1)
    assert.ok(definition.output)
    assert.equal(definition.retryIf?.(new Error(), 1), true)
    const none = (): void => {}
    task(import.meta, none, { name: 'none' })
    assert.equal(definitionOf(none), undefined)
  })

  test('must be schemas', () => {
    for (const input of [5, {}, { '~standard': { version: 2, validate: () => {} } }, [() => true]]) {
      assert.throws(() => task(import.meta, () => {}, { name: 'wrong', input: input as never }), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /Standard Schema/,
      })
    }
    assert.throws(() => task(import.meta, () => {}, { name: 'wrong', retryIf: 5 as never }), {
      code: 'SKEIN_INVALID_ARGUMENT',
    })
    assert.throws(() => task(import.meta, () => {}, { name: 'wrong', inputs: 5 } as never), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /Unknown task option 'inputs'/,
    })
  })

  test('may be functions, as those of some libraries are', () => {
    const callable = Object.assign(() => {}, schema(isNumber))
    task(import.meta, (a: number) => a, { name: 'callable', input: callable })
  })

  test('give the arguments that the function gets, at once where they can', () => {
    assert.deepEqual(checkArguments([trimmed, undefined], 't', [' a ', ' b ']), ['a', ' b '])
    assert.deepEqual(checkArguments([undefined, schema(value => ({ value: value ?? 'default' }))], 't', ['a']), [
      'a',
      'default',
    ])
    assert.deepEqual(checkArguments([undefined, schema(value => ({ value }))], 't', ['a']), ['a'])
  })

  test('are waited for where they take their time', async () => {
    const checked = checkArguments([schema(isNumber, true), trimmed], 't', [1, ' x'])
    assert.ok(checked instanceof Promise)
    assert.deepEqual(await checked, [1, 'x'])
    const wrong = checkArguments([schema(isNumber, true), schema(isNumber, true)], 't', ['a', 'b'])
    await assert.rejects(
      wrong as Promise<unknown>,
      error => error instanceof ValidationError && error.issues.length === 2,
    )
  })

  test('refuse with all that they found, and where', () => {
    assert.throws(
      () => checkArguments([schema(isNumber), named], 'mail.send', ['x', {}]),
      error => {
        assert.ok(error instanceof ValidationError)
        assert.deepEqual(error.issues, [
          { message: 'is no number', path: [0] },
          { message: 'is no text', path: [1, 'people', 0, 'name'] },
          { message: 'is odd', path: [1] },
        ])
        assert.match(
          error.message,
          /task mail\.send do not fit.*argument 0: is no number; argument 1\.people\.0\.name: is no text/,
        )
        return true
      },
    )
    assert.throws(() => checkResult(named, 't', {}), {
      code: 'SKEIN_VALIDATION',
      message: /The result of task t does not fit its schema\. result\.people\.0\.name: is no text; result: is odd/,
    })
    assert.equal(checkResult(trimmed, 't', ' a'), 'a')
  })
})

const fine = task(import.meta, () => 1, { name: 'fine' })

describe('the options of queues', () => {
  test('are refused where they cannot be kept', async () => {
    for (const options of [
      { queue: 'q' },
      { delay: 1 },
      { unique: 'u' },
      { tags: ['t'] },
      { deadline: '1s' },
    ] as const) {
      const limited = call(fine).with(options)
      for (const start of [() => loop.run(limited), () => loop.submit(limited)]) {
        await assert.rejects(start, { code: 'SKEIN_INVALID_ARGUMENT', message: /is for queues/ })
      }
    }
    assert.equal(await loop.run(call(fine).with({ queue: undefined } as never)), 1)
  })

  test('are checked when they are given', () => {
    const wrong: readonly Record<string, unknown>[] = [
      { queue: '' },
      { queue: 'a b' },
      { queue: 'a,b' },
      { queue: 5 },
      { delay: -1 },
      { delay: Infinity },
      { eta: 'tomorrow' },
      { eta: new Date(Number.NaN) },
      { eta: 5, delay: 5 },
      { expires: new Date(Number.NaN) },
      { expires: 'soon' },
      { deadline: {} },
      { grace: '1 s' },
      { unique: '' },
      { unique: { key: 'k', conflict: 'ignore' } },
      { unique: { key: 'k', more: 1 } },
      { limit: { key: 'k' } },
      { limit: { key: 'k', concurrency: 0 } },
      { limit: { key: '', concurrency: 1 } },
      { limit: { key: 'k', rate: { count: 1, per: 0 } } },
      { limit: { key: 'k', rate: { count: 1.5, per: '1s' } } },
      { limit: { key: 'k', concurrency: 1, strategy: 'hope' } },
      { limit: 5 },
      { ignoreResult: 1 },
      { headers: [] },
      { tags: 'one' },
      { tags: [''] },
      { retries: { times: 1, never: 'TypeError' } },
    ]
    for (const options of wrong) {
      assert.throws(() => call(fine).with(options), { code: 'SKEIN_INVALID_ARGUMENT' }, JSON.stringify(options))
    }
  })
})

describe('another attempt', () => {
  test('is not made of an error that says so, or that is on the list', () => {
    const rule = { times: 5, backoff: 10, jitter: 0, never: ['E_BAD', 'TypeError'] }
    assert.equal(retryDelay(rule, 1, new Error('x')), 10)
    assert.equal(retryDelay(rule, 1, new TypeError('x')), undefined)
    assert.equal(retryDelay(rule, 1, Object.assign(new Error('x'), { code: 'E_BAD' })), undefined)
    assert.equal(retryDelay(5, 1, Object.assign(new Error('x'), { retryable: false })), undefined)
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    assert.equal(retryDelay(rule, 1, proxy), 10)
    assert.equal(retryDelay(rule, 1, undefined), 10)
  })
})
