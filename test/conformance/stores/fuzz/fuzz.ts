import { test } from 'node:test'
import fc from 'fast-check'
import type { StoreSubject } from 'skein/testing/stores'
import { Probe } from '#skein/testing/stores/probe.js'
import { commands, type Real } from './commands.ts'
import { Model } from './model.ts'

/**
 * Random operations, the same on the store and on the model.
 *
 * `SKEIN_SEED` repeats a run, `SKEIN_FUZZ_RUNS` makes a long one. A failure prints the seed and the shortest list of operations
 * that still fails.
 */
export function fuzz(subject: StoreSubject, usualRuns: number): void {
  const { SKEIN_SEED: seed, SKEIN_FUZZ_RUNS: runs } = process.env
  const numRuns = runs === undefined ? usualRuns : Number(runs)
  test(`${subject.name} does what the model does, in ${numRuns} random lives`, async () => {
    await fc.assert(
      fc.asyncProperty(commands, async list => {
        const bed = await subject.make()
        try {
          const store = await bed.open()
          const real: Real = { bed, probe: new Probe(store, bed), claims: [], sent: 0, reported: 0 }
          await fc.asyncModelRun(() => ({ model: new Model(), real }), list)
        } finally {
          await bed.tearDown()
        }
      }),
      { numRuns, endOnFailure: false, ...(seed === undefined ? {} : { seed: Number(seed) }) },
    )
  })
}
