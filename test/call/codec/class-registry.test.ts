import { classNamed, registerClass, registerError } from '#skein/call/codec/class-registry.js'
import { decodeError, encodeError } from '#skein/call/codec/envelope.js'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judged, send } from './crossing.ts'

describe('registerClass', () => {
  test('may be called again for the same class', () => {
    class Twice {
      a = 1
    }
    registerClass(Twice)
    registerClass(Twice)
    assert.ok(send(new Twice(), structuredClone) instanceof Twice)
  })

  test('refuses another class of the same name and says how to name it', () => {
    const make = (): new () => object => class Same {}
    registerClass(make(), { name: 'Same' })
    const message = /'Same'.*\{ name: 'billing\.Same' \}/s
    assert.throws(() => registerClass(make()), { code: 'SKEIN_INVALID_ARGUMENT', message })
    registerClass(make(), { name: 'other.Same' })
  })

  test('refuses the name of a built-in error, and names kept for skein', () => {
    assert.throws(() => registerError(class TypeError extends Error {}), { code: 'SKEIN_INVALID_ARGUMENT' })
    assert.throws(() => registerClass(class A {}, { name: 'skein:A' }), { code: 'SKEIN_INVALID_ARGUMENT' })
  })

  test('refuses what is no class, what has no name, and half a codec', () => {
    const code = 'SKEIN_INVALID_ARGUMENT'
    assert.throws(() => registerClass({} as never), { code, message: /Expected a class/ })
    assert.throws(() => registerClass((() => class {})()), { code, message: /without a name/ })
    assert.throws(() => registerClass(class Half {}, { encode: () => 1 }), { code, message: /only encode/ })
    assert.throws(() => registerError(class NoError {} as never), { code, message: /extends Error/ })
  })

  test('takes effect for a class that has been sent before', () => {
    class Late {
      a = 1
    }
    assert.equal(judged(new Late()).marked, false)
    registerClass(Late)
    assert.ok(send(new Late(), structuredClone) instanceof Late)
  })

  test('refuses to send an instance of a subclass that is not registered itself', () => {
    class Base {
      a = 1
    }
    class Derived extends Base {}
    registerClass(Base)
    const message = /registerClass\(Derived\)/
    assert.throws(() => send([new Derived()], structuredClone), { code: 'SKEIN_UNSENDABLE', message })
  })

  test('refuses data that leads back to the instance it is made of', () => {
    class Loop {
      readonly self = this
    }
    registerClass(Loop, { encode: loop => ({ self: loop.self }), decode: () => new Loop() })
    const message = /must return data that does not lead back/
    assert.throws(() => send([new Loop()], structuredClone), { code: 'SKEIN_UNSENDABLE', message })
  })

  test('does not run the constructor when an instance is revived', () => {
    let runs = 0
    class Counting {
      a = 1
      constructor() {
        runs++
      }
    }
    registerClass(Counting)
    send([new Counting()], structuredClone)
    assert.equal(runs, 1)
  })

  test('lets an error class choose its own data', () => {
    class Coded extends Error {
      readonly #secret: number
      constructor(secret: number) {
        super('coded')
        this.#secret = secret
      }
      get secret(): number {
        return this.#secret
      }
    }
    registerError(Coded, { encode: error => error.secret, decode: (secret: number) => new Coded(secret) })
    const sent = new Coded(7)
    const arrived = decodeError(structuredClone(encodeError(sent)))
    assert.ok(arrived instanceof Coded)
    assert.equal(arrived.secret, 7)
    assert.equal(arrived.stack, sent.stack)
  })

  test('knows the built-in errors and those of skein by themselves', () => {
    for (const name of ['Error', 'TypeError', 'AggregateError', 'skein:CancelledError', 'skein:UnsendableError']) {
      assert.ok(classNamed(name), name)
    }
  })
})
