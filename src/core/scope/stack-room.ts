import { MisuseError } from '../errors/errors.ts'

/** @internal The number of bodies of scopes that run within each other at this moment, in one synchronous stretch. */
export const nesting: { depth: number } = { depth: 0 }

/** @internal From so many levels on, it is worth looking whether the stack has room for another. */
export const deepNesting = 128

/**
 * So many frames must still fit, some 50 to 80 kB. Ending a scope and telling everything in it takes little of that, but a
 * function that runs for the first time is compiled there and then, and what the platform does beside needs more.
 */
const frames = 1000

/**
 * Refuses to begin another scope where the stack is nearly full. A scope that has begun needs room for its end: what runs
 * out of stack in the middle of that would leave it half ended, and who waits for it would wait for ever.
 *
 * @internal
 * @throws MisuseError
 */
export function ensureStackRoom(caller: string): void {
  try {
    descend(frames)
  } catch {
    throw new MisuseError(
      `${caller} was called within ${nesting.depth} scopes that nest in one synchronous stretch, and ` +
        'the stack is nearly full. Let each level wait before it begins the next (await s.sleep(0)), or go through the ' +
        'levels in a loop.',
    )
  }
}

/** Takes a frame for each level: what it adds up keeps the calls from being tail calls, or left out. */
function descend(levels: number): number {
  return levels === 0 ? 0 : descend(levels - 1) + 1
}
