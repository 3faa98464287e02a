import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { AheadWatch } from '#skein/pool/crew/ahead-watch.js'
import { PoolWorker } from '#skein/pool/crew/pool-worker.js'
import type { Transport } from '#skein/pool/wire/transport.js'

interface Watched {
  readonly worker: PoolWorker
  /** When it was found to be stuck, in milliseconds from the start. */
  readonly stuckAt: (worker?: PoolWorker) => number | undefined
  readonly pass: (milliseconds: number) => void
  /** One more worker to be looked after. */
  readonly join: (inFlight: number, load: number) => PoolWorker
}

/** Looks after one worker with so many calls, which are expected to take so many milliseconds together. */
function watch(
  inFlight: number,
  load: number,
  check: (watched: Watched) => void,
  { look, concurrency = 1 }: { look?: (worker: PoolWorker) => void; concurrency?: number } = {},
): void {
  mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  const stuckAt = new Map<PoolWorker, number>()
  const workers: (PoolWorker | undefined)[] = [undefined]
  const stuck = (worker: PoolWorker): void => {
    worker.isStuck = true
    stuckAt.set(worker, now)
  }
  const watching = new AheadWatch(workers, concurrency, stuck, { setTimeout, clearTimeout })
  const join = (calls: number, expected: number): PoolWorker => {
    const joining = new PoolWorker(workers.length, `thread ${workers.length}`)
    const transport = { look: () => look?.(joining) } as Transport
    workers.push(Object.assign(joining, { state: 'ready', inFlight: calls, load: expected, transport }))
    watching.start(joining)
    return joining
  }
  const worker = join(inFlight, load)
  try {
    check({
      worker,
      stuckAt: (each = worker) => stuckAt.get(each),
      pass: milliseconds => {
        for (const end = now + milliseconds; now < end;) {
          now++
          mock.timers.tick(1)
        }
      },
      join,
    })
  } finally {
    watching.stop()
    mock.timers.reset()
  }
}

describe('a worker with calls sent ahead', () => {
  for (const { calls, load, concurrency, patience, name } of [
    { calls: 5, load: 0.5, concurrency: 1, patience: 10, name: 'for ten milliseconds, while its calls are short' },
    { calls: 2, load: 24, concurrency: 1, patience: 48, name: 'for twice as long as its calls are expected to take' },
    { calls: 5, load: 100, concurrency: 4, patience: 50, name: 'for twice as long as they take beside each other' },
  ]) {
    test(`is stuck when it does not move ${name}`, () => {
      const check = ({ pass, stuckAt }: Watched): void => {
        pass(patience - 1)
        assert.equal(stuckAt(), undefined)
        pass(1)
        assert.equal(stuckAt(), patience)
      }
      watch(calls, load, check, { concurrency })
    })
  }

  test('is not stuck as long as it moves', () => {
    watch(5, 0.5, ({ worker, pass, stuckAt }) => {
      for (let n = 0; n < 20; n++) {
        worker.moves++
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
      if (held-- > 0) worker.moves++
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
      { look },
    )
  })

  test('is told of once, and then no longer looked after', () => {
    watch(5, 0.5, ({ worker, pass, stuckAt }) => {
      pass(10)
      assert.equal(stuckAt(), 10)
      worker.isStuck = false
      pass(1_000)
      assert.equal(stuckAt(), 10)
    })
  })

  test('is looked after in time beside one with longer calls', () => {
    watch(2, 48, ({ pass, stuckAt, join }) => {
      pass(5)
      const short = join(5, 0.5)
      pass(10)
      assert.equal(stuckAt(short), 15)
      assert.equal(stuckAt(), undefined)
    })
  })

  test('is looked after when its own time has passed, not one longer', () => {
    watch(2, 24, ({ pass, stuckAt, join }) => {
      const longer = join(2, 30)
      pass(48)
      assert.equal(stuckAt(), 48)
      pass(12)
      assert.equal(stuckAt(longer), 60)
    })
  })

  test('does not keep the program alive by being looked after', () => {
    const timers = (): number => process.getActiveResourcesInfo().filter(each => each === 'Timeout').length
    const watching = new AheadWatch([], 1, () => {})
    const before = timers()
    watching.start(new PoolWorker(0, 'thread 1'))
    assert.equal(timers(), before)
    watching.stop()
  })
})
