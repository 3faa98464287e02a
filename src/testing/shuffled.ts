import { randomInt } from 'node:crypto'
import { checkKnown } from '../core/errors/checks.ts'
import { InvalidArgumentError, MisuseError } from '../core/errors/errors.ts'
import { ready } from '../core/time/ready.ts'
import { seededOrder } from './order.ts'

const known: ReadonlySet<string> = new Set(['seed'])

let running = false

/**
 * Runs a function while tasks that can go on at the same moment do so in a shuffled order, instead of first in, first out.
 *
 * Code that comes out right only in one order is a bug that waits for its day; run the test a few times so and it shows.
 * The order follows from the seed: the same seed leads to the same run, as long as the code itself is deterministic (use
 * `virtualClock`). When the function fails, the seed is added to the message of the error.
 *
 * What is shuffled is what skein wakes: tasks that start, and waits that end at the same moment. Those that waited in the line
 * of one lock, channel or event keep their order among themselves, because that is a promise. What the platform runs after the
 * `await` of an ordinary promise keeps its order, too. One at a time in each thread.
 *
 * **Cancellation**: that of the function. **Errors**: what the function throws; `SKEIN_INVALID_ARGUMENT`; `SKEIN_MISUSE`
 * within another `shuffled`.
 *
 * @param fn what to run
 * @param options `seed`: a whole number from 0 to 2^32 - 1. Default: the environment variable SKEIN_SEED, else a random one
 * @example
 * import { scope } from 'skein'
 * import { shuffled } from 'skein/testing'
 *
 * const order: number[] = []
 * await shuffled(() => scope(s => {
 *   for (const n of [1, 2, 3, 4]) s.spawn(() => { order.push(n) })
 * }), { seed: 7 })
 * console.log(order.length) // 4
 */
export async function shuffled<T>(
  fn: (seed: number) => T | Promise<T>,
  options: { readonly seed?: number } = {},
): Promise<T> {
  checkKnown(options, known, 'shuffled option')
  const seed = seedOf(options.seed)
  if (running) throw new MisuseError('shuffled was called while another shuffled runs; call one after the other')
  running = true
  const before = ready.shuffleWith(seededOrder(seed))
  try {
    return await fn(seed)
  } catch (error) {
    if (error instanceof Error) {
      const hint = `\n(the order was shuffled with the seed ${seed}; run with SKEIN_SEED=${seed} to see it again)`
      try {
        error.message += hint
      } catch {
        // A frozen error is reported as it is.
      }
    }
    throw error
  } finally {
    ready.shuffleWith(before)
    running = false
  }
}

function seedOf(given: number | undefined): number {
  const text = process.env['SKEIN_SEED']
  const chosen = text === undefined || text === '' ? randomInt(2 ** 32) : Number(text)
  const seed = given === undefined ? chosen : given
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed
  throw new InvalidArgumentError(
    `${given === undefined ? 'SKEIN_SEED' : 'seed'} must be a whole number from 0 to 4294967295, got ${String(given ?? text)}`,
  )
}
