import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { AheadWatch } from '#skein/pool/ahead-watch.js'
import { PoolWorker } from '#skein/pool/pool-worker.js'
import type { Transport } from '#skein/pool/transport.js'

interface Watched {
  readonly worker: PoolWorker
  /** When it was found to be stuck, in milliseconds from the start. */
  readonly stuckAt: () => number | undefined
  readonly pass: (milliseconds: number) => void
}

/** Looks after one worker with so many calls, which are expected to take so many milliseconds together. */
function watch(
  inFlight: number,
  load: number,
  check: (watched: Watched) => void,
  look?: (worker: PoolWorker) => void,
): void {
  mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  let stuckAt: number | undefined
  const worker = new PoolWorker(0, 'thread 1')
  const transport = { look: () => look?.(worker) } as Transport
  Object.assign(worker, { state: 'ready', inFlight, load, transport })
  const watching = new AheadWatch([undefined, worker], 1, () => {
    worker.isStuck = true
    stuckAt = now
  })
  watching.start()
  try {
    check({
      worker,
      stuckAt: () => stuckAt,
      pass: milliseconds => {
        for (const end = now + milliseconds; now < end;) {
          now++
          mock.timers.tick(1)
        }
      },
    })
  } finally {
    watching.stop()
    mock.timers.reset()
  }
}

describe('a worker with calls sent ahead', () => {
  test('is stuck when it says nothing for ten milliseconds, while its calls are short', () => {
    watch(5, 0.5, ({ pass, stuckAt }) => {
      pass(9)
      assert.equal(stuckAt(), undefined)
      pass(1)
      assert.equal(stuckAt(), 10)
    })
  })

  test('is stuck when it says nothing for twice as long as its calls are expected to take', () => {
    watch(2, 24, ({ pass, stuckAt }) => {
      pass(47)
      assert.equal(stuckAt(), undefined)
      pass(1)
      assert.equal(stuckAt(), 48)
    })
  })

  test('is not stuck as long as it says something', () => {
    watch(5, 0.5, ({ worker, pass, stuckAt }) => {
      for (let n = 0; n < 20; n++) {
        worker.replies++
        pass(10)
      }
      assert.equal(stuckAt(), undefined)
      pass(10)
      assert.equal(stuckAt(), 210)
    })
  })

  test('is not stuck when it has something to say that has not left yet', () => {
    let held = 3
    const look = (worker: PoolWorker): void => {
      if (held-- > 0) worker.replies++
    }
    watch(
      5,
      0.5,
      ({ pass, stuckAt }) => {
        pass(30)
        assert.equal(stuckAt(), undefined)
        pass(10)
        assert.equal(stuckAt(), 40)
      },
      look,
    )
  })

  test('is told of once, and no longer looked at until it has got another call', () => {
    watch(5, 0.5, ({ worker, pass, stuckAt }) => {
      pass(10)
      assert.equal(stuckAt(), 10)
      worker.isStuck = false
      pass(1_000)
      assert.equal(stuckAt(), 10)
    })
  })
})
