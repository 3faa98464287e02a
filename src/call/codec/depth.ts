import type { Refusing } from './refusals.ts'

/**
 * The most levels in a value that goes to another thread, another process or a queue. The same everywhere, since what one
 * side has written the other must be able to read, whatever their versions and their stacks.
 *
 * Structured clone reads recursively, and fails where its stack ends: on the main thread at 1,450 levels on Node 22, at 1,500 on 24,
 * 1,750 on 20 and 2,270 on 26, for the shape that needs most of it. Python's `json` stops at 1,000.
 */
export const deepestValue = 500

export const tooDeep: Refusing = {
  what: `nested more than ${deepestValue} levels deep`,
  remedy: 'Send it flat: as a list of its nodes, in which each names its neighbours by their place',
}
