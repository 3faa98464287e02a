import { together } from 'skein/stores'
import type { StoreSubject } from 'skein/testing/stores'

/** Two kinds of stores, put together: the broker of the first with the results of the second. */
export function togetherSubject(calls: StoreSubject, kept: StoreSubject): StoreSubject {
  return {
    name: `the broker of ${calls.name} with the results of ${kept.name}`,
    // Each of the two forgets by itself what is old.
    heeds: (calls.heeds ?? []).filter(each => kept.heeds?.includes(each) && each !== 'retention'),
    make: async () => {
      const beds = [await calls.make(), await kept.make()] as const
      const [one, other] = beds
      /** What one hands over is asked of the other, and comes back. */
      const quiet = async (): Promise<void> => {
        for (let times = 0; times < 2; times++) for (const bed of beds) await bed.quiet()
      }
      const both =
        (what: 'turn' | 'jump') =>
        async (milliseconds: number): Promise<void> => {
          // The results first: what happens in the other is written here at the time at which it happens.
          await other[what]?.(milliseconds)
          await one[what]?.(milliseconds)
          await quiet()
        }
      return {
        open: async options => together(await one.open(options), await other.open(options)),
        quiet,
        ...(one.turn && other.turn ? { turn: both('turn') } : {}),
        ...(one.jump && other.jump ? { jump: both('jump') } : {}),
        tearDown: async () => {
          for (const bed of beds) await bed.tearDown()
        },
      }
    },
  }
}
