import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call, errorsOf, registerClass, scope, task, UnsendableError } from 'skein'
import { applyMarks } from '#skein/celery/marks.js'
import { JsonError } from '#skein/celery/json-error.js'
import { parseTime, readJson } from '#skein/celery/read-json.js'
import { writeJson } from '#skein/celery/write-json.js'

class Link {
  readonly next: unknown
  constructor(next: unknown) {
    this.next = next
  }
}
registerClass(Link, { name: 'json.Link', encode: ({ next }) => next, decode: next => new Link(next) })

const crossed = (value: unknown): unknown => {
  const { json, marks } = writeJson(value, 'value')
  return applyMarks(readJson(json), JSON.parse(JSON.stringify(marks)))
}

const refused = (value: unknown, path: string): void => {
  assert.throws(
    () => writeJson(value, 'arguments'),
    error => error instanceof UnsendableError && error.path === path && error.message.includes(path),
  )
}

class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
  get euros(): number {
    return this.cents / 100
  }
}
registerClass(Money, { name: 'json.Money' })

class Sealed {
  readonly #secret: string
  constructor(secret: string) {
    this.#secret = secret
  }
  open(): string {
    return this.#secret
  }
}
registerClass(Sealed, {
  name: 'json.Sealed',
  encode: (sealed: Sealed) => ({ inside: new Set([sealed.open()]) }),
  decode: data => new Sealed([...data.inside][0] as string),
})

describe('a value that crosses as JSON', () => {
  const same: Readonly<Record<string, unknown>> = {
    'plain data': { a: [1, 'two', true, null, { deep: [[]] }], empty: {} },
    'text of any kind': 'quotes " \\ newline \n \u2028 null \u0000 emoji 🧶',
    'numbers of every kind': [0, -1.5, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53, 2 ** 60, 1e20],
    'negative zero': [-0],
    'what is no number': [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    'a small bigint': { n: 5n },
    'a huge bigint': [123456789012345678901234567890n, -(2n ** 64n)],
    'a date': [new Date(1_763_693_800_287), new Date(0), new Date(8.64e15), new Date(-8.64e15), new Date(-1)],
    'undefined in lists and objects': { list: [undefined, 1, undefined], field: undefined },
    bytes: new Uint8Array([0, 255, 128]),
    'a Buffer': { data: Buffer.from('héllo') },
    'an ArrayBuffer': new Uint8Array([1, 2, 3]).buffer,
    'typed arrays': [new Float64Array([1.5, Number.NaN]), new Uint16Array([1, 65535]), new BigInt64Array([-5n])],
    'a Map in a Map': new Map<unknown, unknown>([
      ['key', new Map([[1, new Date(5)]])],
      [{ an: 'object' }, 2n],
    ]),
    'a Set': new Set([1, 'one', [undefined]]),
    'a regular expression': /a+[b"]/giu,
    'a URL': { at: new URL('https://example.org/a?b=c#d') },
    'an instance of a registered class': [new Money(250)],
    'a property named __proto__': JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as unknown,
    'an object without a prototype, as a plain one': { a: 1 },
  }
  for (const [name, value] of Object.entries(same)) {
    test(`is the same on the other side: ${name}`, () => assert.deepEqual(crossed(value), value))
  }

  test('may be a date that is none', () => {
    const [date] = crossed([new Date(Number.NaN)]) as [Date]
    assert.ok(date instanceof Date)
    assert.equal(date.getTime(), Number.NaN)
  })

  test('keeps classes and what they can do', () => {
    const [money, sealed] = crossed([new Money(250), new Sealed('x')]) as [Money, Sealed]
    assert.equal(money.euros, 2.5)
    assert.equal(sealed.open(), 'x')
  })

  test('keeps an error with its class, fields, cause and errors', () => {
    const cause = new TypeError('inner')
    const error = Object.assign(new AggregateError([new RangeError('one')], 'outer', { cause }), { status: 503 })
    const back = crossed({ error }) as { error: typeof error }
    assert.ok(back.error instanceof AggregateError)
    assert.equal(back.error.message, 'outer')
    assert.equal(back.error.status, 503)
    assert.equal(back.error.stack, error.stack)
    assert.ok(back.error.cause instanceof TypeError)
    assert.ok(back.error.errors[0] instanceof RangeError)
  })

  test('keeps what failed beside an error in its scope', async () => {
    const error = await scope(s => {
      s.spawn(() => {
        throw new SyntaxError('first')
      })
      s.spawn(async inner => {
        await inner.sleep('1h').catch(() => {})
        throw new TypeError('second')
      })
    }).catch((thrown: unknown) => thrown)
    const back = errorsOf(crossed(error))
    assert.deepEqual(
      back.map(each => String(each)),
      ['SyntaxError: first', 'TypeError: second'],
    )
    assert.ok(back[1] instanceof TypeError)
  })

  test('loses nothing of an error but the part that cannot be written', () => {
    const error = Object.assign(new Error('kept'), { callback: () => 1, code: 'E' })
    const back = crossed(error) as Error & { callback: unknown; code: string }
    assert.equal(back.message, 'kept')
    assert.equal(back.code, 'E')
    assert.match(String(back.callback), /not sent/)
  })

  test('reads naturally where the marks are ignored', () => {
    const { json } = writeJson(
      [new Map([['a', 1]]), new Set([2]), 3n, undefined, new URL('https://example.org/')],
      'value',
    )
    assert.deepEqual(JSON.parse(json), [[['a', 1]], [2], 3, null, 'https://example.org/'])
  })

  test('writes dates and bytes as Celery does', () => {
    assert.equal(
      writeJson(new Date(1_763_693_800_287), 'value').json,
      '{"__type__":"datetime","__value__":"2025-11-21T02:56:40.287000+00:00"}',
    )
    assert.equal(writeJson(new Uint8Array([255]), 'value').json, '{"__type__":"base64","__value__":"/w=="}')
    assert.deepEqual(writeJson({ plain: [1, { a: 'b' }] }, 'value'), { json: '{"plain":[1,{"a":"b"}]}', marks: [] })
  })
})

describe('a value of 500 levels', () => {
  const nested = (level: (inner: unknown) => unknown): unknown => {
    let value: unknown = new Date(0)
    for (let levels = 1; levels < 500; levels++) value = level(value)
    return value
  }
  const shapes: Record<string, (inner: unknown) => unknown> = {
    objects: inner => ({ inner }),
    lists: inner => [inner],
    Maps: inner => new Map([[inner, 1]]),
    Sets: inner => new Set([inner]),
  }
  for (const [name, level] of Object.entries(shapes)) {
    test(`can be read again, and one more is refused: ${name}`, () => {
      assert.equal(typeof crossed(nested(level)), 'object')
      assert.throws(() => writeJson(level(nested(level)), 'value'), UnsendableError)
    })
  }

  test('is the deepest that an encode function may give', () => {
    let links: unknown = 1
    for (let n = 0; n < 100_000; n++) links = new Link(links)
    assert.throws(() => writeJson(links, 'value'), UnsendableError)
  })
})

describe('a value that cannot cross', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle

  test('is refused with the path where it sits', () => {
    refused([{ users: [{ onClick: () => 1 }] }], 'arguments[0].users[0].onClick')
    refused([Symbol('s')], 'arguments[0]')
    refused([1, Promise.resolve()], 'arguments[1]')
    refused([new Map([['k', () => 1]])], 'arguments[0].get("k")')
    refused([new Map([[() => 1, 1]])], 'arguments[0].keys()[0]')
    refused([new Set([1, new WeakMap()])], 'arguments[0].values()[1]')
    refused([{ 'odd name': Symbol.iterator }], 'arguments[0]["odd name"]')
    refused([new Proxy({}, {})], 'arguments[0]')
    refused([new SharedArrayBuffer(4)], 'arguments[0]')
    refused([task('file:///json.mjs', () => 1, { name: 'json' })], 'arguments[0]')
    refused([{ __type__: 'date', __value__: 'x' }], 'arguments[0]')
  })

  test('is refused with advice that a queue can follow', () => {
    const inner = task('file:///json.mjs', () => 1, { name: 'inner' })
    for (const [value, advice] of [
      [() => 1, /is a function, which cannot be sent through a queue\. Pass data/],
      [inner, /is a task, .*run it first and pass the result/],
      [call(inner), /is a Call .*await queue\.run\(call\)/],
    ] as const) {
      assert.throws(
        () => writeJson([value], 'arguments'),
        (error: Error) => advice.test(error.message) && !/pass a Call/i.test(error.message),
      )
    }
  })

  test('is refused when it leads back to itself or is too deep', () => {
    assert.throws(() => writeJson(cycle, 'value'), { code: 'SKEIN_UNSENDABLE', message: /same object as value/ })
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.throws(() => writeJson(deep, 'value'), { code: 'SKEIN_UNSENDABLE', message: /500 levels/ })
  })
})

describe('reading JSON', () => {
  test('takes the tagged values of Celery', () => {
    const tagged = (type: string, value: unknown): unknown =>
      readJson(JSON.stringify({ __type__: type, __value__: value }))
    assert.deepEqual(tagged('datetime', '2026-01-02T03:04:05.000006'), new Date('2026-01-02T03:04:05.000Z'))
    assert.deepEqual(tagged('datetime', '2026-01-02T03:04:05+02:00'), new Date('2026-01-02T01:04:05.000Z'))
    assert.deepEqual(tagged('date', '2026-01-02'), new Date('2026-01-02T00:00:00.000Z'))
    assert.equal(tagged('time', '03:04:00'), '03:04:00')
    assert.equal(tagged('decimal', '1.10'), '1.10')
    assert.deepEqual(tagged('bytes', 'abc'), new TextEncoder().encode('abc'))
    assert.deepEqual(tagged('base64', '/w=='), new Uint8Array([255]))
    assert.equal(tagged('uuid', { hex: '0123456789abcdef0123456789abcdef' }), '01234567-89ab-cdef-0123-456789abcdef')
    assert.deepEqual(tagged('unknown', 1), { __type__: 'unknown', __value__: 1 })
    assert.deepEqual(readJson('{"__type__":"date","__value__":"2026-01-02","more":1}'), {
      __type__: 'date',
      __value__: '2026-01-02',
      more: 1,
    })
  })

  test('takes bare NaN and Infinity', () => {
    assert.deepEqual(readJson('[NaN, Infinity, -Infinity]'), [Number.NaN, Infinity, -Infinity])
  })

  test('keeps all digits of an integer, and none too many of a fraction', () => {
    assert.deepEqual(readJson('[9007199254740993, 9007199254740991, 1e3, 0.1234567890123456789]'), [
      9007199254740993n,
      9007199254740991,
      1000,
      0.12345678901234568,
    ])
  })

  test('cannot be used to change what all objects inherit', () => {
    for (const text of ['{"__proto__":{"bad":1}}', '{"__proto__":{"bad":1},"n":12345678901234567890}']) {
      const value = readJson(text) as object
      assert.equal(Object.getPrototypeOf(value), Object.prototype)
      assert.deepEqual(Object.getOwnPropertyDescriptor(value, '__proto__')?.value, { bad: 1 })
      assert.equal(({} as Record<string, unknown>)['bad'], undefined)
    }
  })

  test('refuses hostile and broken texts in words', () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['', /ends where a value/],
      ['[1,', /ends where a value/],
      ['[1 2]', /comma or \]/],
      ['{"a" 1}', /colon/],
      ['{a: 1}', /name of a property/],
      ['"abc', /does not end/],
      ['"\\x"', /escape/],
      ['"\n"', /must be escaped/],
      ['[01]', /comma or \]/],
      ['nul', /expected a value/],
      ['1 x', /expected the end/],
      ['['.repeat(100_000), /1024 levels/],
      ['{"a":'.repeat(1_025) + '1' + '}'.repeat(1_025), /1024 levels/],
      ['9'.repeat(5000), /5000 digits/],
    ]
    for (const [text, message] of wrong) {
      assert.throws(
        () => readJson(text),
        error => error instanceof JsonError && message.test(error.message),
        text.slice(0, 20),
      )
    }
  })

  test('reads a string of many megabytes with escapes in it', () => {
    const long = 'a"\\'.repeat(1_000_000)
    assert.equal(readJson(`[12345678901234567890,${JSON.stringify(long)}]` as string) instanceof Array, true)
    assert.equal((readJson(`[12345678901234567890,${JSON.stringify(long)}]`) as unknown[])[1], long)
  })

  test('knows times with and without an offset, and nothing else', () => {
    assert.equal(parseTime('2026-11-21T02:56:40.287693+00:00'), Date.UTC(2026, 10, 21, 2, 56, 40, 287))
    assert.equal(parseTime('2026-11-21T02:56:40Z'), Date.UTC(2026, 10, 21, 2, 56, 40))
    assert.equal(parseTime('2026-11-21 02:56:40'), Date.UTC(2026, 10, 21, 2, 56, 40))
    for (const text of ['', 'now', '1', '2026-13-40T00:00:00Z', '2026', 'Sat Nov 21'])
      assert.equal(parseTime(text), undefined, text)
  })
})

describe('a value that leads back to itself', () => {
  const node: Record<string, unknown> = { name: 'a' }
  node['children'] = [{ parent: node }]

  test('is refused by what it leads back to, which is named once', () => {
    assert.throws(() => writeJson([{ tree: node }], 'arguments'), {
      code: 'SKEIN_UNSENDABLE',
      path: 'arguments[0].tree.children[0].parent',
      message:
        /^arguments\[0\]\.tree\.children\[0\]\.parent is the same object as arguments\[0\]\.tree, in which it is, which cannot/,
    })
    const self: unknown[] = []
    self.push(self)
    assert.throws(() => writeJson(self, 'result'), {
      path: 'result[0]',
      message: /^result\[0\] is the same object as result, /,
    })
  })

  test('is refused as too deep where it does so by a Map', () => {
    const map = new Map<string, unknown>()
    map.set('self', map)
    assert.throws(() => writeJson({ map }, 'value'), { code: 'SKEIN_UNSENDABLE', message: /500 levels/ })
  })

  test('is nothing new where it only occurs twice', () => {
    const part = { a: 1 }
    assert.deepEqual(crossed([part, { part }]), [part, { part }])
  })
})

describe('a list with holes', () => {
  test('keeps them, if they are few', () => {
    const list = [1]
    list[2] = 3
    assert.deepEqual(crossed(list), list)
    assert.deepEqual(crossed([list, [undefined, 1]]), [list, [undefined, 1]])
    assert.equal(writeJson(list, 'value').json, '[1,null,3]')
  })

  test('is refused where there is nearly nothing in it, at once', () => {
    const list: number[] = []
    list[4_000_000_000] = 1
    assert.throws(() => writeJson({ list }, 'value'), {
      code: 'SKEIN_UNSENDABLE',
      path: 'value.list',
      message: /mostly holes/,
    })
  })
})

describe('marks from a stranger', () => {
  test('that fit nothing are refused, and reach no further than the value', () => {
    const wrong: unknown[] = [
      'no list',
      [1],
      [['bigint']],
      [['bigint', ['a', 'b', 'c']]],
      [['bigint', ['a']]],
      [['map', ['a']]],
      [['constructor', ['a']]],
      [['class', ['a'], 'json.Money']],
      [['undefined', ['__proto__', 'polluted']]],
      [['error', ['list']]],
      [['same', ['a']]],
      [['same', ['a'], '1']],
      [['view', ['list'], 'Float64Array']],
      [['regexp', ['a'], 'no flags']],
      [['bigint', [-1]]],
    ]
    for (const marks of wrong) {
      assert.throws(() => applyMarks({ a: 'text', list: [] }, marks), TypeError, JSON.stringify(marks))
    }
  })

  test('name a class that is not registered: refused with what to do', () => {
    assert.throws(() => applyMarks({}, [['class', [], 'Nobody']]), {
      code: 'SKEIN_UNSENDABLE',
      message: /registerClass\(Nobody\)/,
    })
  })
})
