import { hasSymbols, hiddenBase, isOfPlatform, privateFieldOf } from '#skein/call/codec/hidden-state.js'
import { registerClass, registerError } from '#skein/call/codec/class-registry.js'
import { sendable } from '#skein/call/define/sendable.js'
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, test } from 'node:test'
import { runInThisContext } from 'node:vm'

/** The prototype of a class that is written exactly so: a formatter leaves the text alone. */
function prototypeOf(text: string): object {
  return (runInThisContext(`(${text})`) as { prototype: object }).prototype
}

describe('a private field', () => {
  const classes: readonly (readonly [text: string, field: string | undefined])[] = [
    ['class A { #x = 1 }', '#x'],
    ['class A {\n  a = 1\n  #x\n  b = 2\n}', '#x'],
    ['class a{#x;constructor(){this.#x=1}}', '#x'],
    ['class a{b=1;#x=2}', '#x'],
    ['class a{m(){}#x=2}', '#x'],
    ['class A { /* { */ a = "}"; #größe = 1 }', '#größe'],
    ['class A { a = `\n  #not = 1;\n`\n  #$yes }', '#$yes'],
    ['class extends (class { #x = 1 }) {}', '#x'],
    ['class A {}', undefined],
    ['class A { color = "#fff"; other = \'; #x = 1\' }', undefined],
    ['class A {\n  // #x = 1\n  /*\n  #y = 1\n  */\n  a = 1 }', undefined],
    ['class A { a = 1; #method() {} get #b() { return 1 } static #c = 1; static { A.#c++ } }', undefined],
    ['class A { static #c = 1; m() { return #c in A } }', undefined],
    ['function A() { this.a = "#x = 1" }', undefined],
  ]
  for (const [text, field] of classes) {
    test(`${field === undefined ? 'is not seen' : `${field} is seen`} in ${JSON.stringify(text)}`, () => {
      assert.equal(privateFieldOf(prototypeOf(text)), field)
    })
  }

  test('of a class of the platform is its own business', () => {
    assert.equal(privateFieldOf(URL.prototype), undefined)
    assert.equal(privateFieldOf(class extends URL {}.prototype), undefined)
    assert.equal(
      privateFieldOf(
        class extends URL {
          readonly #x = 1
          x = () => this.#x
        }.prototype,
      ),
      '#x',
    )
  })
})

test('symbols that name properties are seen, hidden ones and the mark of sendable classes are not', () => {
  assert.equal(hasSymbols({ a: 1 }), false)
  assert.equal(hasSymbols({ [Symbol('s')]: 1 }), true)
  assert.equal(hasSymbols(Object.defineProperty({}, Symbol('s'), { value: 1 })), false)
  assert.equal(hasSymbols({ [sendable]: true }), false)
})

test('a class of the platform is one that each program has under its name', () => {
  assert.equal(isOfPlatform(Headers.prototype), true)
  assert.equal(isOfPlatform(class Headers {}.prototype), false)
  assert.equal(isOfPlatform(EventEmitter.prototype), false)
  Object.assign(globalThis, { Mine: class Mine {} })
  try {
    assert.equal(isOfPlatform((globalThis as unknown as { Mine: { prototype: object } }).Mine.prototype), false)
  } finally {
    delete (globalThis as { Mine?: unknown }).Mine
  }
})

describe('a class that is registered without encode and decode', () => {
  class Secret {
    readonly #x = 1
    x = (): number => this.#x
  }
  class Day extends Date {}
  class Bytes extends Uint8Array {}
  class List extends Array<number> {}
  class Failure extends TypeError {}

  test('must not have private fields', () => {
    const message = /private field #x of the class 'hidden\.Secret'.*encode, decode/
    assert.throws(() => registerClass(Secret, { name: 'hidden.Secret' }), { code: 'SKEIN_INVALID_ARGUMENT', message })
    registerClass(Secret, { name: 'hidden.Secret', encode: () => 1, decode: () => new Secret() })
  })

  test('must not extend one whose instances are more than their properties', () => {
    const message = /holds as a (Date|Uint8Array) is not in its properties/
    assert.throws(() => registerClass(Day, { name: 'hidden.Day' }), { code: 'SKEIN_INVALID_ARGUMENT', message })
    assert.throws(() => registerClass(Bytes, { name: 'hidden.Bytes' }), { code: 'SKEIN_INVALID_ARGUMENT', message })
    registerClass(List, { name: 'hidden.List' })
    registerError(Failure, { name: 'hidden.Failure' })
    assert.equal(hiddenBase(Day.prototype), 'Date')
    assert.equal(hiddenBase(Failure.prototype), undefined)
  })
})
