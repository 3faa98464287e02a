import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BrokenError,
  CancelledError,
  channel,
  ClosedError,
  EndOfChannelError,
  InvalidArgumentError,
  OverloadedError,
  Queue,
  scope,
} from 'skein'
import { rejection, settled } from '../deferred.ts'

/** Whether a promise has settled by the time nothing can go on. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let over = false
  const note = (): void => void (over = true)
  promise.then(note, note)
  await settled()
  return over
}

describe('40: the capacity of a channel', () => {
  test('0 makes send wait for its receiver', async () => {
    const [sender, receiver] = channel<number>()
    assert.equal(sender.trySend(1), false)
    const sent = sender.send(1)
    assert.equal(await isSettled(sent), false)
    assert.equal(await receiver.receive(), 1)
    await sent
    const received = receiver.receive()
    assert.equal(sender.trySend(2), true)
    assert.equal(await received, 2)
  })

  test('n takes n values in before send waits, and gives them in order', async () => {
    const [sender, receiver] = channel<number>({ capacity: 2 })
    await sender.send(1)
    assert.equal(sender.trySend(2), true)
    assert.equal(sender.trySend(3), false)
    const third = sender.send(3)
    assert.equal(await isSettled(third), false)
    assert.equal(receiver.tryReceive(), 1)
    await third
    assert.deepEqual([receiver.tryReceive(), receiver.tryReceive(), receiver.tryReceive()], [2, 3, undefined])
  })

  test('Infinity never makes send wait', async () => {
    const [sender, receiver] = channel<number>({ capacity: Infinity })
    for (let n = 0; n < 5000; n++) assert.equal(sender.trySend(n), true)
    for (let n = 0; n < 5000; n++) assert.equal(receiver.tryReceive(), n)
  })

  test('is an integer from 0 up or Infinity', () => {
    for (const wrong of [-1, 1.5, NaN, '1', null]) {
      assert.throws(() => channel({ capacity: wrong as number }), InvalidArgumentError)
    }
    assert.throws(() => channel({ size: 1 } as never), /Unknown option of a channel 'size'/)
  })

  test('given as a bare number is refused, with what to write', () => {
    assert.throws(() => channel(10 as never), /got the number 10\. .*channel\(\{ capacity: 10 \}\)/)
    assert.throws(() => new Queue(3 as never), /got the number 3\. .*new Queue\(\{ capacity: 3 \}\)/)
  })
})

describe('the overflow of a channel', () => {
  test('drop-oldest keeps the newest values, drop-newest the oldest, and both count what they drop', async () => {
    for (const [overflow, kept] of [
      ['drop-oldest', [3, 4]],
      ['drop-newest', [1, 2]],
    ] as const) {
      const [sender, receiver] = channel<number>({ capacity: 2, overflow })
      for (let n = 1; n <= 4; n++) await sender.send(n)
      assert.deepEqual([receiver.tryReceive(), receiver.tryReceive(), receiver.tryReceive()], [...kept, undefined])
      assert.equal(receiver.stats().dropped, 2)
    }
  })

  test('trySend says whether the channel took the value', () => {
    const [newest] = channel<number>({ capacity: 1, overflow: 'drop-newest' })
    assert.deepEqual([newest.trySend(1), newest.trySend(2)], [true, false])
    const [oldest] = channel<number>({ capacity: 1, overflow: 'drop-oldest' })
    assert.deepEqual([oldest.trySend(1), oldest.trySend(2)], [true, true])
  })

  test('error makes send fail, and the value is not in the channel', async () => {
    const [sender, receiver] = channel<number>({ capacity: 1, overflow: 'error', name: 'lines' })
    await sender.send(1)
    await assert.rejects(
      sender.send(2),
      (error: unknown) => error instanceof OverloadedError && /channel 'lines' is full/.test(error.message),
    )
    assert.equal(sender.trySend(2), false)
    assert.equal(await receiver.receive(), 1)
    assert.equal(receiver.tryReceive(), undefined)
  })

  test('is one of four words, and needs an oldest to drop it', () => {
    assert.throws(() => channel({ overflow: 'drop' as never }), InvalidArgumentError)
    assert.throws(() => channel({ overflow: 'drop-oldest' }), /capacity of at least 1/)
  })
})

describe('41: closing', () => {
  test('the sender lets what is held still arrive, and then comes the end, again and again', async () => {
    const [sender, receiver] = channel<number>({ capacity: 2 })
    await sender.send(1)
    await sender.send(2)
    sender.close()
    sender.close()
    assert.equal(await receiver.receive(), 1)
    assert.equal(receiver.tryReceive(), 2)
    for (let i = 0; i < 2; i++) {
      await assert.rejects(receiver.receive(), EndOfChannelError)
      assert.throws(() => receiver.tryReceive(), EndOfChannelError)
      await assert.rejects(sender.send(3), ClosedError)
      assert.throws(() => sender.trySend(3), ClosedError)
    }
  })

  test('the sender fails what is blocked at it with closed, and a waiting receiver with the end', async () => {
    const [sender] = channel<number>()
    const blocked = rejection(sender.send(1))
    sender.close()
    assert.ok((await blocked) instanceof ClosedError)
    const [other, receiver] = channel<number>()
    const waiting = rejection(receiver.receive())
    other.close()
    assert.ok((await waiting) instanceof EndOfChannelError)
  })

  test('the receiver makes senders broken, those that wait and those that come, and drops what is held', async () => {
    const [sender, receiver] = channel<number>({ capacity: 1 })
    await sender.send(1)
    const blocked = rejection(sender.send(2))
    receiver.close()
    receiver.close()
    assert.ok((await blocked) instanceof BrokenError)
    for (let i = 0; i < 2; i++) {
      await assert.rejects(sender.send(3), BrokenError)
      assert.throws(() => sender.trySend(3), BrokenError)
      await assert.rejects(receiver.receive(), ClosedError)
      assert.throws(() => receiver.tryReceive(), ClosedError)
    }
    assert.deepEqual([sender.stats().buffered, sender.stats().dropped], [0, 1])
  })

  test('the receiver fails what waits at it with closed', async () => {
    const [, receiver] = channel<number>()
    const waiting = rejection(receiver.receive())
    receiver.close()
    assert.ok((await waiting) instanceof ClosedError)
  })

  test('works by the end of a block', async () => {
    const [sender, receiver] = channel<number>()
    await sender[Symbol.asyncDispose]()
    await receiver[Symbol.asyncDispose]()
    assert.deepEqual([sender.closed, receiver.closed], [true, true])
  })
})

describe('42: clones', () => {
  test('closing one end concerns only what is blocked at it; the channel ends with the last', async () => {
    const [sender, receiver] = channel<string>()
    const clone = sender.clone()
    const first = rejection(sender.send('from the sender'))
    const second = clone.send('from the clone')
    sender.close()
    assert.ok((await first) instanceof ClosedError)
    assert.equal(await receiver.receive(), 'from the clone')
    await second
    clone.close()
    await assert.rejects(receiver.receive(), EndOfChannelError)
  })

  test('of receivers: one that is closed gives its place in the line to the others', async () => {
    const [sender, receiver] = channel<number>()
    const clone = receiver.clone()
    const first = rejection(receiver.receive())
    const second = clone.receive()
    receiver.close()
    assert.ok((await first) instanceof ClosedError)
    await sender.send(1)
    assert.equal(await second, 1)
    clone.close()
    await assert.rejects(sender.send(2), BrokenError)
  })

  test('of a closed end are an error', () => {
    const [sender, receiver] = channel<number>()
    sender.close()
    receiver.close()
    assert.throws(() => sender.clone(), ClosedError)
    assert.throws(() => receiver.clone(), ClosedError)
  })
})

describe('43: many producers and consumers', () => {
  for (const capacity of [0, 1, 7, Infinity]) {
    test(`get every value once, and everybody is served (capacity ${capacity})`, async () => {
      const [sender, receiver] = channel<number>({ capacity })
      const got: number[][] = [[], [], []]
      await scope(async s => {
        for (let producer = 0; producer < 4; producer++) {
          const end = sender.clone()
          s.spawn(async s => {
            for (let i = 0; i < 30; i++) await end.send(producer * 30 + i, s)
            end.close()
          })
        }
        sender.close()
        for (const mine of got) {
          const end = receiver.clone()
          s.spawn(async s => {
            for await (const value of end.values(s)) {
              mine.push(value)
              await s.sleep(0)
            }
          })
        }
        receiver.close()
      })
      const all = got.flat().sort((a, b) => a - b)
      assert.deepEqual(
        all,
        Array.from({ length: 120 }, (_, n) => n),
      )
      for (const mine of got) assert.ok(mine.length > 20, `only ${mine.length} of 120`)
    })
  }

  test('a waiting receiver owns the next value: nobody takes it between the send and the wake-up', async () => {
    const [sender, receiver] = channel<number>({ capacity: 1 })
    const waiting = receiver.receive()
    assert.equal(sender.trySend(1), true)
    assert.equal(receiver.tryReceive(), undefined)
    assert.equal(await waiting, 1)
  })

  test('a waiting sender owns the place that becomes free', async () => {
    const [sender, receiver] = channel<number>({ capacity: 1 })
    await sender.send(1)
    const waiting = sender.send(2)
    assert.equal(receiver.tryReceive(), 1)
    assert.equal(sender.trySend(3), false)
    await waiting
    assert.equal(receiver.tryReceive(), 2)
  })
})

describe('44: a receive that was cancelled', () => {
  test('does not eat a later value', async () => {
    const [sender, receiver] = channel<number>()
    await scope(async s => {
      const timedOut = s.scope(s => receiver.receive(s), { timeout: 1 })
      assert.equal((await rejection(timedOut)) instanceof Error, true)
      const sent = sender.send(1, s)
      assert.equal(await receiver.receive(s), 1)
      await sent
    })
  })
})

describe('46: a loop over a receiver', () => {
  test('that is left with break closes its end, and the producer hears of it', async () => {
    const [sender, receiver] = channel<number>()
    await scope(async s => {
      const producer = s.spawn(async s => {
        for (let n = 0; ; n++) {
          const failure = await sender.send(n, s).catch((error: unknown) => error)
          if (failure !== undefined) return failure
        }
      })
      for await (const n of receiver.values(s)) if (n === 2) break
      assert.ok((await producer.result()) instanceof BrokenError)
      assert.equal(receiver.closed, true)
    })
  })

  test('that throws, or is cancelled, closes its end too; a clone goes on', async () => {
    const [sender, receiver] = channel<number>({ capacity: 3 })
    for (let n = 1; n <= 3; n++) sender.trySend(n)
    const clone = receiver.clone()
    await assert.rejects(async () => {
      for await (const n of receiver) throw new Error(`saw ${n}`)
    }, /saw 1/)
    assert.equal(receiver.closed, true)
    assert.equal(clone.tryReceive(), 2)
    await scope(async outer => {
      const reader = outer.spawn(async s => {
        for await (const n of clone.values(s)) if (n !== 3) assert.fail()
      })
      await settled()
      await reader.cancel()
      assert.ok((await rejection(reader.result())) instanceof CancelledError)
    })
    assert.equal(clone.closed, true)
    await assert.rejects(sender.send(4), BrokenError)
  })

  test('ends by itself after the last value', async () => {
    const [sender, receiver] = channel<number>({ capacity: Infinity })
    for (let n = 1; n <= 3; n++) sender.trySend(n)
    sender.close()
    const seen: number[] = []
    for await (const n of receiver) seen.push(n)
    assert.deepEqual(seen, [1, 2, 3])
    assert.deepEqual(
      await receiver
        .values()
        .next()
        .catch((error: unknown) => (error as Error).name),
      'ClosedError',
    )
  })
})

describe('39: the statistics of a channel', () => {
  test('equal reality at each step; the peak stays', async () => {
    const [sender, receiver] = channel<number>({ capacity: 2 })
    const now = (): unknown[] => {
      const { buffered, peak, waitingSends, waitingReceives, openSenders, openReceivers } = sender.stats()
      return [buffered, peak, waitingSends, waitingReceives, openSenders, openReceivers]
    }
    assert.deepEqual(now(), [0, 0, 0, 0, 1, 1])
    const waiting = receiver.receive()
    assert.deepEqual(now(), [0, 0, 0, 1, 1, 1])
    sender.trySend(0)
    assert.deepEqual(now(), [0, 0, 0, 0, 1, 1])
    await waiting
    sender.trySend(1)
    sender.trySend(2)
    const clone = sender.clone()
    const blocked = clone.send(3)
    assert.deepEqual(now(), [2, 2, 1, 0, 2, 1])
    receiver.tryReceive()
    assert.deepEqual(now(), [2, 2, 0, 0, 2, 1])
    await blocked
    receiver.tryReceive()
    receiver.tryReceive()
    clone.close()
    assert.deepEqual(now(), [0, 2, 0, 0, 1, 1])
    receiver.close()
    assert.deepEqual(now(), [0, 2, 0, 0, 1, 0])
    assert.throws(() => ((sender.stats() as { peak: number }).peak = 7), TypeError)
  })
})
