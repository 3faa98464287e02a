import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MalformedMessageError } from 'skein'
import { encodeMessage, type OutgoingMessage, type TaskMessage } from '#skein/celery/message.js'
import { decodeMessage } from '#skein/celery/read-message.js'
import { argumentsRepr } from '#skein/celery/python-repr.js'

const id = '6f2b1c1e-0000-4000-8000-000000000001'
const plain: OutgoingMessage = { id, task: 'mail.send', args: ['a@example.org', 2] }

const decoded = (headers: unknown, body: unknown): TaskMessage => {
  const message = decodeMessage(JSON.stringify(headers), JSON.stringify(body))
  if (message instanceof MalformedMessageError) throw message
  return message
}

const crossed = (message: OutgoingMessage): TaskMessage => {
  const { headers, body } = encodeMessage(message)
  const read = decodeMessage(headers, body)
  if (read instanceof MalformedMessageError) throw read
  return read
}

describe('a message', () => {
  test('has the headers and the body of Celery protocol 2', () => {
    const { headers, body } = encodeMessage({ ...plain, eta: 1_763_693_800_287, timeout: 1500, grace: 500 })
    const { origin, ...rest } = JSON.parse(headers) as Record<string, unknown>
    assert.deepEqual(rest, {
      lang: 'js',
      task: 'mail.send',
      id,
      shadow: null,
      eta: '2025-11-21T02:56:40.287000+00:00',
      expires: null,
      group: null,
      group_index: null,
      retries: 0,
      timelimit: [2, 1.5],
      root_id: id,
      parent_id: null,
      argsrepr: "('a@example.org', 2)",
      kwargsrepr: '{}',
      ignore_result: false,
      replaced_task_nesting: 0,
      stamped_headers: null,
      stamps: {},
    })
    assert.match(String(origin), /^gen\d+@./)
    assert.deepEqual(JSON.parse(body), [
      ['a@example.org', 2],
      {},
      { callbacks: null, errbacks: null, chain: null, chord: null },
    ])
  })

  test('is read as it was written', () => {
    const message: OutgoingMessage = {
      ...plain,
      args: [new Map([['a', 1n]]), new Date(5)],
      kwargs: { loud: true },
      kind: 'stream',
      eta: 1_000,
      expires: 2_000,
      timeout: 1_234.5,
      grace: 10,
      retries: { times: 3, backoff: 100, factor: 2, maxBackoff: 1000, jitter: 0.5, never: ['E_BAD', 'TypeError'] },
      retried: 2,
      ignoreResult: true,
      rootId: 'root',
      parentId: 'parent',
      group: 'group',
      groupIndex: 4,
      headers: { 'x-trace': 'abc', list: [1, null] },
    }
    const { origin, lang, embed, ...read } = crossed(message)
    assert.deepEqual(read, message)
    assert.equal(lang, 'js')
    assert.match(String(origin), /@/)
    assert.deepEqual(embed, { callbacks: null, errbacks: null, chain: null, chord: null })
  })

  test('cannot carry headers with the names of its own', () => {
    for (const name of ['task', 'skein_marks', 'timelimit', '']) {
      assert.throws(() => encodeMessage({ ...plain, headers: { [name]: 1 } }), { code: 'SKEIN_INVALID_ARGUMENT' })
    }
    assert.throws(() => encodeMessage({ ...plain, headers: { at: new Set([1]) } }), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /headers\.at/,
    })
  })

  test('names the argument that cannot travel', () => {
    assert.throws(() => encodeMessage({ ...plain, args: [1, { f: () => 1 }] }), {
      code: 'SKEIN_UNSENDABLE',
      path: 'arguments[1].f',
    })
  })
})

describe('a message of somebody else', () => {
  test('needs no more than a task and an id', () => {
    const message = decoded({ task: 'add', id: 'hello-1' }, [[1, 2], {}, null])
    assert.deepEqual(message.args, [1, 2])
    assert.equal(message.id, 'hello-1')
    assert.equal(message.rootId, 'hello-1')
    assert.equal(message.kind, 'run')
  })

  test('may be of protocol 1, or a mixture in which the headers win', () => {
    const old = {
      task: 'add',
      id: 'a',
      args: [1],
      kwargs: { b: 2 },
      retries: 3,
      eta: '2026-11-21T02:56:40',
      taskset: 'g',
    }
    const first = decoded({}, old)
    assert.equal(first.task, 'add')
    assert.deepEqual(first.kwargs, { b: 2 })
    assert.equal(first.retried, 3)
    assert.equal(first.group, 'g')
    assert.equal(first.eta, Date.UTC(2026, 10, 21, 2, 56, 40))
    const mixed = decoded({ task: 'other', id: 'b' }, old)
    assert.equal(mixed.task, 'other')
    assert.equal(mixed.id, 'b')
    assert.deepEqual(mixed.args, [1])
  })

  test('may say its times as text or tagged, and its limits in seconds', () => {
    const message = decoded(
      {
        task: 't',
        id: 'i',
        eta: { __type__: 'datetime', __value__: '2026-11-21T02:56:40+00:00' },
        timelimit: [10, null],
      },
      [[], {}],
    )
    assert.equal(message.eta, Date.UTC(2026, 10, 21, 2, 56, 40))
    assert.equal(message.timeout, 10_000)
    assert.equal(message.grace, 0)
  })

  test('keeps headers that nobody knows', () => {
    assert.deepEqual(decoded({ task: 't', id: 'i', trace: 'x', lang: 'py' }, [[], {}]).headers, { trace: 'x' })
  })

  test('keeps waits that are a list', () => {
    const retries = { times: 3, backoff: [1_000, 20, 60_000] }
    assert.deepEqual(crossed({ ...plain, retries }).retries, retries)
  })

  const task = { task: 't', id: 'i' }
  const malformed: readonly (readonly [string, unknown, unknown, RegExp])[] = [
    ['a body of one part', task, [[]], /array of 1/],
    ['a body of four parts', task, [[], {}, {}, 1], /array of 4/],
    ['a body that is text', task, 'text', /body must be \[args, kwargs, embed\]/],
    ['a body that is null', task, null, /body must be/],
    ['headers that are a list', [], [[], {}, {}], /headers must be an object/],
    ['no task', { id: 'i' }, [[], {}, {}], /no task/],
    ['no id', { task: 't' }, [[], {}, {}], /no id/],
    ['an empty task', { task: '', id: 'i' }, [[], {}, {}], /task must be a string/],
    ['args that are an object', task, [{}, {}, {}], /args must be a list/],
    ['kwargs that are a list', task, [[], [1], {}], /kwargs must be an object/],
    ['embed that is text', task, [[], {}, 'x'], /embed must be an object/],
    ['an eta that is no time', { ...task, eta: 'soon' }, [[], {}, {}], /eta must be a time/],
    ['an expiry that is a number', { ...task, expires: 12 }, [[], {}, {}], /expires must be a time/],
    ['a time limit of one', { ...task, timelimit: [1] }, [[], {}, {}], /timelimit/],
    ['a negative time limit', { ...task, timelimit: [-1, null] }, [[], {}, {}], /timelimit/],
    ['a fraction of a retry', { ...task, retries: 1.5 }, [[], {}, {}], /retries must be an integer/],
    ['a group that is a number', { ...task, group: 5 }, [[], {}, {}], /group must be a string/],
    ['a retry rule without a number', { ...task, skein_retries: {} }, [[], {}, {}], /skein_retries\.times/],
    ['a retry rule that never ends', { ...task, skein_retries: { times: 1, never: [1] } }, [[], {}, {}], /never/],
    ['a wait that is negative', { ...task, skein_retries: { times: 1, backoff: [1, -1] } }, [[], {}, {}], /backoff/],
    ['a list of no waits', { ...task, skein_retries: { times: 1, backoff: [] } }, [[], {}, {}], /backoff/],
    ['a factor that is a list', { ...task, skein_retries: { times: 1, factor: [2] } }, [[], {}, {}], /factor/],
    ['marks that fit nothing', { ...task, skein_marks: [['map', [0]]] }, [[1], {}, {}], /cannot be made again/],
    [
      'a class that nobody knows',
      { ...task, skein_marks: [['class', [0], 'X']] },
      [[{}], {}, {}],
      /registerClass\(X\)/,
    ],
  ]
  for (const [name, headers, body, message] of malformed) {
    test(`is answered with an error that says what is wrong: ${name}`, () => {
      const error = decodeMessage(JSON.stringify(headers), JSON.stringify(body))
      assert.ok(error instanceof MalformedMessageError)
      assert.equal(error.code, 'SKEIN_MALFORMED_MESSAGE')
      assert.match(error.message, message)
    })
  }

  test('may be anything but JSON', () => {
    for (const [headers, body] of [
      ['{', '[]'],
      ['{"task":"t","id":"i"}', '[[1,'],
      ['{"task":"t","id":"i"}', '['.repeat(100_000)],
      ['', ''],
    ] as const) {
      assert.ok(decodeMessage(headers, body) instanceof MalformedMessageError)
    }
  })

  test('never makes the reader throw, whatever is cut away from it', () => {
    const { headers, body } = encodeMessage({ ...plain, args: [new Map([[1, 2n]]), 'text'], headers: { x: [1] } })
    for (let end = 0; end < headers.length; end++) decodeMessage(headers.slice(0, end), body)
    for (let end = 0; end < body.length; end++) decodeMessage(headers, body.slice(0, end))
  })
})

describe('arguments as Python shows them', () => {
  test('are short and familiar', () => {
    assert.equal(argumentsRepr([]), '()')
    assert.equal(argumentsRepr([1]), '(1,)')
    assert.equal(
      argumentsRepr(["it's", 'a\n', true, null, undefined, [1, { a: 2n }], new Set([1]), Number.NaN]),
      `("it's", 'a\\n', True, None, None, [1, {'a': 2}], {1}, nan)`,
    )
    assert.equal(argumentsRepr([new Uint8Array(3)]), '(<3 bytes>,)')
  })

  test('are cut, however much there is', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    for (const args of [['x'.repeat(1e6)], Array.from({ length: 1e6 }, () => 1), cycle]) {
      const text = argumentsRepr(args)
      assert.ok(text.length <= 1024, String(text.length))
    }
  })
})
