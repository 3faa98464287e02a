import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Observers } from '#skein/core/events/observers.js'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('observers', () => {
  let warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)

  beforeEach(() => {
    warnings = []
    process.on('warning', note)
  })

  afterEach(() => {
    process.off('warning', note)
  })

  test('hear every event from when they come until they leave', () => {
    const observers = new Observers<number>()
    const heard: number[] = []
    assert.equal(observers.any, false)
    observers.tell(0)
    const leave = observers.add(event => heard.push(event))
    assert.equal(observers.any, true)
    observers.tell(1)
    observers.tell(2)
    leave()
    leave()
    assert.equal(observers.any, false)
    observers.tell(3)
    assert.deepEqual(heard, [1, 2])
  })

  test('may be the same function twice, and each leaves alone', () => {
    const observers = new Observers<string>()
    const heard: string[] = []
    const listener = (event: string): void => void heard.push(event)
    const leave = observers.add(listener)
    observers.add(listener)
    observers.tell('both')
    leave()
    observers.tell('one')
    assert.deepEqual(heard, ['both', 'both', 'one'])
  })

  test('may come and go while something is told', () => {
    const observers = new Observers<number>()
    const heard: string[] = []
    const leaveFirst = observers.add(event => {
      heard.push(`first ${event}`)
      leaveFirst()
      leaveLast()
      observers.add(later => void heard.push(`late ${later}`))
    })
    observers.add(event => heard.push(`second ${event}`))
    const leaveLast = observers.add(event => void heard.push(`last ${event}`))
    observers.tell(1)
    assert.deepEqual(heard, ['first 1', 'second 1'])
    observers.tell(2)
    assert.deepEqual(heard, ['first 1', 'second 1', 'second 2', 'late 2'])
  })

  test('who adds a listener for each event does not keep the one event going', () => {
    const observers = new Observers<number>()
    let heard = 0
    const listener = (): void => {
      heard++
      observers.add(listener)
    }
    observers.add(listener)
    observers.tell(1)
    assert.equal(heard, 1)
    observers.tell(2)
    assert.equal(heard, 3)
  })

  test('one who throws is reported once, hears on, and keeps nothing from the others', async () => {
    const observers = new Observers<number>()
    const heard: number[] = []
    let thrown = 0
    observers.add(() => {
      throw new RangeError(`number ${++thrown}`)
    })
    observers.add(event => heard.push(event))
    for (let i = 0; i < 1_000; i++) observers.tell(i)
    await turn()
    assert.equal(heard.length, 1_000)
    assert.equal(thrown, 1_000)
    assert.deepEqual(
      warnings.map(({ name }) => name),
      ['SkeinObserverWarning'],
    )
    assert.match(String(warnings[0]?.message), /A listener of observe threw.*: number 1$/)
    assert.match(String((warnings[0] as { detail?: string }).detail), /RangeError: number 1\n {4}at /)
  })

  test('one whose promise rejects is reported as well, and is no unhandled rejection', async () => {
    const observers = new Observers<number>()
    const late = async (event: number): Promise<void> => {
      await turn()
      throw new Error(`late ${event}`)
    }
    observers.add(event => late(event) as unknown as undefined)
    observers.tell(1)
    observers.tell(2)
    while (warnings.length === 0) await turn()
    await turn()
    assert.deepEqual(
      warnings.map(({ message }) => message.replace(/.*: /, '')),
      ['late 1'],
    )
  })

  test('what is thrown may be as odd as it likes', async () => {
    const observers = new Observers<number>()
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const broken = Object.defineProperty(new Error('with a stack that throws'), 'stack', {
      get() {
        throw new Error('not this one')
      },
    })
    const odd: readonly unknown[] = [undefined, null, 'a string', 7n, Symbol('odd'), proxy, Object.create(null), broken]
    for (const each of odd) {
      observers.add(() => {
        throw each
      })
    }
    observers.add(() => proxy as never)
    observers.tell(1)
    await turn()
    assert.equal(warnings.length, odd.length + 1)
  })

  test('are functions; anything else is refused at once', () => {
    const observers = new Observers<number>()
    for (const each of [undefined, null, {}, 'observe', { handle: () => {} }]) {
      assert.throws(() => observers.add(each as never), { code: 'SKEIN_INVALID_ARGUMENT', message: /needs a function/ })
    }
    assert.equal(observers.any, false)
  })
})
