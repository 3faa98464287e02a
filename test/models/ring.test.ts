import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { explore, ModelError } from './explore.ts'
import { type Mistake, ringSystem, type Script } from './ring-model.ts'

/** Small enough that it is full, and wraps, after a few messages. */
const small = { size: 8, longest: 2, texts: 4 }
const larger = { size: 16, longest: 3, texts: 8 }

/** Short programs that between them fill the ring, wrap, fall back to the port and come back from it. */
const scripts: readonly Script[] = [
  [1],
  [1, 1],
  [1, 'f', 1],
  [1, 'f', 2, 'f', 1],
  [2, 2, 2, 'f', 2, 2],
  [1, 'f', 1, 'f', 1, 'f', 1],
  [2, 'f', 2, 'f', 2, 'f', 2],
  [1, 1, 1, 1, 1, 1, 1, 'f', 1],
  [0],
  [0, 0, 1],
  [1, 0, 1],
  [0, 'f', 1, 'f', 0],
  [1, 0, 1, 0, 1],
  [0, 1, 'f', 0, 1],
  [2, 2, 2, 2, 'f', 1, 'f', 1],
  [2, 2, 2, 0, 'f', 0, 'f', 1],
  [2, 2, 2, 'f', 2, 2, 'f', 2, 2],
  [1, 't', 1],
  ['t', 't', 'f', 1],
  [2, 2, 2, 't', 1, 't', 'f', 1],
  [-1],
  [1, -1, 1],
  [0, -1, 0, 'f', 1],
  [2, 2, 2, 0, -1, 'f', 1, 'f', 1],
  [0, 'f', 0, 'f', 0, 'f', 0],
]

/** The same with long texts, each of so many bytes. */
const textScripts: readonly Script[] = [
  [[1, 2], 'f', [1, 2], 'f', [1, 2]],
  [[1, 3], 'f', [1, 3], 'f', [1, 3]],
  [[1, 3], [1, 2], 'f', 1, [1, 4], 'f', [1, 1]],
  [[1, 2], [0, 2], [1, 2], 'f', [1, 2]],
  [[1, 9], 'f', [1, 2], [0, 3], 'f', [1, 3]],
  [[1, 4], 'f', 0, [1, 4], 'f', [1, 4], 't', [1, 4]],
]

describe('the model of the ring', () => {
  for (const [name, layout] of Object.entries({ small, larger })) {
    test(`in every order of its steps, everything arrives once and in order (${name} ring)`, t => {
      let states = 0
      let ends = 0
      for (const script of [...scripts, ...textScripts]) {
        // A receiver that looks without being rung multiplies the orders; where frames or texts lie makes no difference to it.
        for (const looks of layout === small && scripts.includes(script) ? [0, 1] : [0]) {
          const explored = explore(() => ringSystem(script, layout, [], looks))
          states += explored.states
          ends += explored.ends
        }
      }
      t.diagnostic(`${states} states, ${ends} ends`)
      // A model that cannot move proves nothing.
      assert.ok(states > 10_000, `only ${states} states`)
    })
  }
})

const mistakes: Readonly<Record<string, { readonly mistakes: readonly Mistake[]; readonly says: RegExp }>> = {
  'the bell is rung before the frame is published': {
    mistakes: [
      { file: 'sender', from: '    Atomics.store(this.control, tail, this.#tail)\n', to: '' },
      {
        file: 'sender',
        from: 'return Atomics.load(this.control, asleep) === 1 && Atomics.exchange(this.control, asleep, 0) === 1',
        to:
          'const must = Atomics.load(this.control, asleep) === 1 && Atomics.exchange(this.control, asleep, 0) === 1;' +
          'Atomics.store(this.control, tail, this.#tail); return must',
      },
    ],
    says: /nobody is awake/,
  },
  'the receiver goes to sleep without looking again': {
    mistakes: [
      {
        file: 'receiver',
        from: 'if (Atomics.load(this.control, tail) === this.#head) return true',
        to: 'return true',
      },
    ],
    says: /nobody is awake/,
  },
  'the receiver looks again before it says that it sleeps': {
    mistakes: [
      { file: 'receiver', from: '    Atomics.store(this.control, asleep, 1)\n', to: '' },
      {
        file: 'receiver',
        from: 'if (Atomics.load(this.control, tail) === this.#head) return true',
        to: 'if (Atomics.load(this.control, tail) === this.#head) { Atomics.store(this.control, asleep, 1); return true }',
      },
    ],
    says: /nobody is awake/,
  },
  'the sender forgets to ring': {
    mistakes: [{ file: 'outlet', from: 'if (this.#sender.mustRing()) this.#port.ring()', to: '' }],
    says: /nobody is awake/,
  },
  'a frame begins where too little is left before the end': {
    mistakes: [{ file: 'layout', from: 'place + longest > size', to: 'place + longest > size + 1' }],
    says: /beyond the ring/,
  },
  'the sender believes that there is more room than there is': {
    mistakes: [{ file: 'sender', from: 'size - 3 * longest', to: 'size' }],
    says: /written over/,
  },
  'nothing is left over for a mark': {
    mistakes: [{ file: 'sender', from: 'size - 3 * longest', to: 'size - longest' }],
    says: /written over/,
  },
  'a frame is released before it is read': {
    mistakes: [
      { file: 'inlet', from: 'messages.push(this.#frames.read(at))\n', to: '' },
      {
        file: 'inlet',
        from: 'this.#receiver.release(this.#frames.length)',
        to: 'this.#receiver.release(1); messages.push(this.#frames.read(at))',
      },
    ],
    says: /torn|published|begins with/,
  },
  'a message joins a batch over the head of one in the ring': {
    mistakes: [
      {
        file: 'outlet',
        from: '      this.#open = false\n      this.#published = true',
        to: '      this.#published = true',
      },
    ],
    says: /order is wrong/,
  },
  'a batch does not say that there is more': {
    mistakes: [{ file: 'outlet', from: 'i === batches.length - 1 && this.#chained, unsent', to: 'false, unsent' }],
    says: /nobody is awake|order is wrong/,
  },
  'a text begins where too little is left before the end': {
    mistakes: [{ file: 'texts', from: 'from + count > texts)', to: 'from + count > texts + 1)' }],
    says: /beyond the end/,
  },
  'the sender believes that there is more room for texts than there is': {
    mistakes: [{ file: 'texts', from: '> texts) return -1', to: '> texts + 1) return -1' }],
    says: /written over that/,
  },
  'the sender takes what it has written for read': {
    mistakes: [{ file: 'texts', from: 'from > 0 && Atomics.load(this.control, textHead) === start', to: 'from > 0' }],
    says: /written over that/,
  },
  'the receiver forgets what was skipped before a text': {
    mistakes: [{ file: 'texts', from: '(this.#head + skipped + count)', to: '(this.#head + count)' }],
    says: /room for texts has been lost/,
  },
  'the receiver says that it has read more of the texts than it has': {
    mistakes: [
      { file: 'texts', from: '(this.#head + skipped + count) | 0', to: '(this.#head + skipped + count + 1) | 0' },
    ],
    says: /written over that|room for texts has been lost/,
  },
  'the receiver takes a batch before its turn': {
    mistakes: [{ file: 'inlet', from: '#portIsNext = false\n', to: '#portIsNext = true\n' }],
    says: /nobody is awake|order is wrong/,
  },
}

test('batches that are full make no difference', () => {
  const tiny = [{ file: 'outlet', from: 'const largestBatch = 8', to: 'const largestBatch = 1' }]
  for (const script of [
    [0, 0],
    [0, 0, 1, 0, 0],
    [2, 2, 2, 2, 0, 0, 'f', 0, 0, 'f', 1],
    [0, -1, 0, 'f', 0],
  ] as Script[]) {
    assert.ok(explore(() => ringSystem(script, small, tiny)).ends > 0)
  }
})

describe('the model notices', () => {
  for (const [name, { mistakes: made, says }] of Object.entries(mistakes)) {
    test(name, () => {
      const found: string[] = []
      for (const script of made.some(({ file }) => file === 'texts') ? textScripts : scripts) {
        try {
          explore(() => ringSystem(script, small, made))
        } catch (error) {
          if (!(error instanceof ModelError)) throw error
          found.push(error.message)
          if (says.test(error.message)) return
        }
      }
      assert.fail(found[0] ?? 'all scripts went through')
    })
  }
})
