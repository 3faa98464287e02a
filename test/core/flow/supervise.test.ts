import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Scope, scope, supervise, type SuperviseOptions } from 'skein'
import { virtualClock } from 'skein/testing'

const clock = virtualClock({ autojump: true })
after(() => clock.restore())

const noJitter = { jitter: 0, backoff: '1s' } satisfies SuperviseOptions

/** Three tasks that note when they start and stop; `second` fails after a while, so many times. */
function line(failures: number): {
  readonly log: string[]
  readonly tasks: Record<string, (s: Scope) => Promise<void>>
} {
  const log: string[] = []
  const from = clock.elapsed
  const at = (): number => (clock.elapsed - from) / 1000
  const steady = (name: string) => async (s: Scope) => {
    log.push(`${at()} ${name} starts`)
    try {
      await s.sleep('1m')
    } finally {
      if (s.cancelled) log.push(`${at()} ${name} stops`)
    }
  }
  let left = failures
  return {
    log,
    tasks: {
      first: steady('first'),
      second: async s => {
        log.push(`${at()} second starts`)
        await s.sleep('10s')
        if (left-- > 0) throw new Error('lost')
      },
      third: steady('third'),
    },
  }
}

describe('supervise', () => {
  test('starts the one that failed again, after a wait, and leaves the others alone', async () => {
    const { log, tasks } = line(1)
    await supervise(tasks, noJitter)
    assert.deepEqual(log, ['0 first starts', '0 second starts', '0 third starts', '11 second starts'])
  })

  test('strategy all: stops the others, the last one first, and starts all in order', async () => {
    const { log, tasks } = line(1)
    await supervise(tasks, { ...noJitter, strategy: 'all' })
    assert.deepEqual(log.slice(3), [
      '10 third stops',
      '10 first stops',
      '11 first starts',
      '11 second starts',
      '11 third starts',
    ])
  })

  test('strategy rest: those behind the failed one start again with it', async () => {
    const { log, tasks } = line(1)
    await supervise(tasks, { ...noJitter, strategy: 'rest' })
    assert.deepEqual(log.slice(3), ['10 third stops', '11 second starts', '11 third starts'])
  })

  test('the waits grow while a task fails soon, and begin anew after it has run for long', async () => {
    const waits: number[] = []
    let run = 0
    await supervise(
      async s => {
        run++
        if (run === 4) await s.sleep('2m')
        if (run < 6) throw new Error('lost')
      },
      { ...noJitter, restarts: 10, onRestart: ({ wait }) => waits.push(wait) },
    )
    assert.deepEqual(waits, [1000, 2000, 4000, 1000, 2000])
  })

  test('gives up when it fails too often, with the story', async () => {
    let starts = 0
    const cleaned: string[] = []
    await assert.rejects(
      supervise(
        {
          flaky: () => {
            throw new Error(`failure ${++starts}`)
          },
          steady: async s => {
            try {
              await s.sleep('1h')
            } finally {
              cleaned.push('steady')
            }
          },
        },
        { ...noJitter, restarts: 2 },
      ),
      (error: { code: string; errors: Error[]; cause: Error; message: string }) => {
        assert.equal(error.code, 'SKEIN_RESTART_LIMIT')
        assert.deepEqual(
          error.errors.map(({ message }) => message),
          ['failure 1', 'failure 2', 'failure 3'],
        )
        assert.equal(error.cause, error.errors[2])
        assert.match(error.message, /flaky has ended.*3 within 60000 ms.*failure 1; failure 2; failure 3/)
        return true
      },
    )
    assert.deepEqual(cleaned, ['steady'])
  })

  test('failures that lie further apart than the span do not add up', async () => {
    let run = 0
    await supervise(
      async s => {
        await s.sleep('70s')
        if (++run < 8) throw new Error('lost')
      },
      { ...noJitter, restarts: 1 },
    )
    assert.equal(run, 8)
  })

  test('who returns is done, unless it is to run always', async () => {
    let runs = 0
    await supervise(() => void runs++)
    assert.equal(runs, 1)
    await assert.rejects(
      supervise(
        async s => {
          runs++
          await s.sleep('30s')
        },
        { ...noJitter, always: true, restarts: 3, within: '10m' },
      ),
      { code: 'SKEIN_RESTART_LIMIT' },
    )
    assert.equal(runs, 5)
  })

  test('one that fails while another waits for its restart does not wait with it', async () => {
    const from = clock.elapsed
    const starts: string[] = []
    const failOnce = (name: string, after: number): ((s: Scope) => Promise<void>) => {
      let failed = false
      return async s => {
        starts.push(`${name} ${clock.elapsed - from}`)
        await s.sleep(after)
        if (failed) return
        failed = true
        throw new Error(name)
      }
    }
    await supervise({ a: failOnce('a', 10), b: failOnce('b', 500) }, noJitter)
    assert.deepEqual(starts, ['a 0', 'b 0', 'a 1010', 'b 1500'])
  })

  test('is cancelled with its owner, and throws when its tasks have ended', async () => {
    const order: string[] = []
    await assert.rejects(
      scope(
        async s => {
          try {
            await supervise(
              async s => {
                try {
                  await s.sleep('1h')
                } finally {
                  await s.shield(s => s.sleep('1s'), { timeout: '2s' })
                  order.push('task ended')
                }
              },
              {},
              s,
            )
          } finally {
            order.push('supervise threw')
          }
        },
        { timeout: '5s' },
      ),
      { code: 'SKEIN_TIMEOUT' },
    )
    assert.deepEqual(order, ['task ended', 'supervise threw'])
  })

  test('what is no task, and wrong options, are refused', async () => {
    await assert.rejects(supervise({}), { code: 'SKEIN_INVALID_ARGUMENT', message: /\{ reader, writer \}/ })
    await assert.rejects(supervise({ reader: 3 } as never), /needs a function/)
    await assert.rejects(
      supervise(() => {}, { strategy: 'some' } as never),
      /'one', 'all' or 'rest'/,
    )
    await assert.rejects(
      supervise(() => {}, { retries: 3 } as never),
      /'retries'/,
    )
  })
})
