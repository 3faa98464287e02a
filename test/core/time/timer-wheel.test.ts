import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type TimerNode, TimerWheel } from '#skein/core/time/timer-wheel.js'

class Node implements TimerNode {
  timerPrev: TimerNode | undefined = undefined
  timerNext: TimerNode | undefined = undefined
  wheel: TimerWheel | undefined = undefined
  readonly due: number
  readonly keepAlive: boolean
  readonly number: number

  constructor(due: number, number = 0, keepAlive = true) {
    this.due = due
    this.number = number
    this.keepAlive = keepAlive
  }

  ring(): void {}
}

function drain(wheel: TimerWheel): Node[] {
  const taken: Node[] = []
  for (let node = wheel.takeDue(); node !== undefined; node = wheel.takeDue()) taken.push(node as Node)
  return taken
}

const day = 86_400_000

describe('the timer wheel', () => {
  test('gives out what is due, in the order of time and then of putting in', () => {
    const wheel = new TimerWheel(0)
    for (const [number, due] of [5000, 3, 40, 3, 2 * day, 40, 30 * day, 3].entries()) wheel.add(new Node(due, number))
    wheel.advance(2)
    assert.deepEqual(drain(wheel), [])
    wheel.advance(31 * day)
    assert.deepEqual(
      drain(wheel).map(node => [node.due, node.number]),
      [
        [3, 1],
        [3, 3],
        [3, 7],
        [40, 2],
        [40, 5],
        [5000, 0],
        [2 * day, 4],
        [30 * day, 6],
      ],
    )
    assert.equal(wheel.size, 0)
  })

  test('knows the exact tick of the next timer, near and years away', () => {
    for (const due of [1, 31, 32, 33, 1023, 1024, 40_000, day + 7, 13 * day + 1, 400 * day + 5]) {
      const wheel = new TimerWheel(0)
      wheel.add(new Node(due + 3))
      wheel.add(new Node(due))
      // What lies beyond the window is only looked at when its window begins.
      while (wheel.nextDue() > wheel.next && wheel.next < due) {
        assert.ok(wheel.next <= due)
        assert.ok(wheel.nextDue() <= due)
        wheel.advance(wheel.next)
      }
      assert.equal(wheel.nextDue(), due)
      wheel.advance(due - 1)
      assert.deepEqual(drain(wheel), [])
      wheel.advance(due)
      assert.equal(drain(wheel).length, 1)
    }
  })

  test('counts what waits and what keeps the program running', () => {
    let idle = 0
    const wheel = new TimerWheel(0, () => idle++)
    const nodes = [new Node(5), new Node(50, 1, false), new Node(5)]
    for (const node of nodes) wheel.add(node)
    assert.deepEqual([wheel.size, wheel.keepingAlive], [3, 2])
    wheel.remove(nodes[0] as Node)
    assert.equal(idle, 0)
    wheel.advance(5)
    assert.equal(wheel.takeDue(), nodes[2])
    assert.deepEqual([wheel.size, wheel.keepingAlive, idle], [1, 0, 1])
  })

  test('agrees with a sorted list on random programs', () => {
    const delay = fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(5_000_000), fc.nat(40 * day))
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), by: delay }),
      fc.record({ kind: fc.constant('add' as const), by: delay }),
      fc.record({ kind: fc.constant('remove' as const), by: fc.nat(1000) }),
      fc.record({ kind: fc.constant('advance' as const), by: delay }),
      fc.record({ kind: fc.constant('jump' as const), by: fc.constant(0) }),
    )
    fc.assert(
      fc.property(fc.nat(3_000_000_000), fc.array(step, { maxLength: 150 }), (start, steps) => {
        let time = start
        let number = 0
        const wheel = new TimerWheel(start)
        let model: Node[] = []
        const expectDue = (): void => {
          const due = model.filter(node => node.due <= time).sort((a, b) => a.due - b.due || a.number - b.number)
          model = model.filter(node => node.due > time)
          assert.deepEqual(
            drain(wheel).map(node => node.number),
            due.map(node => node.number),
          )
        }
        for (const { kind, by } of steps) {
          if (kind === 'add') {
            const node = new Node(time + by, number++)
            wheel.add(node)
            model.push(node)
          } else if (kind === 'remove') {
            const [node] = model.splice(by % (model.length || 1), 1)
            if (node !== undefined) wheel.remove(node)
          } else if (kind === 'advance') {
            wheel.advance((time += by))
            expectDue()
          } else {
            const earliest = Math.min(...model.map(node => node.due))
            assert.equal(wheel.nextDue(), Math.max(earliest, wheel.ringing ? time : earliest))
            if (earliest === Infinity) continue
            wheel.advance((time = Math.max(time, earliest)))
            expectDue()
          }
          assert.equal(wheel.size, model.length)
        }
      }),
      { numRuns: 500 },
    )
  })
})
