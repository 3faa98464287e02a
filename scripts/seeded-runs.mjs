// Runs the same test files again and again, each time with another seed; see seeded.mjs for what follows from it.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './steps.mjs'
import { runTestFiles } from './test-files.mjs'

const preload = pathToFileURL(join(root, 'scripts/seeded.mjs')).href

/**
 * Runs the files `runs` times, with the seeds `first`, `first + 1` and so on. After each run `onRun` hears
 * { seed, passed, failures, skipped, text }, where the text is what the runner has to say of the files that failed.
 * Gives { runs, passed, failed: seeds }.
 */
export async function runWithSeeds(files, { runs, first, node = process.execPath, concurrency = 2, limits, onRun }) {
  const failed = []
  let passed = 0
  for (let seed = first; seed < first + runs; seed++) {
    const texts = []
    const total = await runTestFiles(shuffled(files, seed), {
      node,
      concurrency,
      limits,
      nodeOptions: ['--import', preload],
      environment: { SKEIN_SEED: String(seed) },
      print: text => {
        if (text.startsWith('FAIL')) texts.push(text)
      },
    })
    passed += total.passed
    if (total.failed > 0) failed.push(seed)
    onRun?.({ seed, ...total, text: texts.join('\n') })
  }
  return { runs, passed, failed }
}

/** The same items in an order that follows from the seed. */
function shuffled(items, seed) {
  const all = [...items]
  let state = seed >>> 0
  for (let left = all.length; left > 1; left--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const at = Math.floor((state / 2 ** 32) * left)
    ;[all[left - 1], all[at]] = [all[at], all[left - 1]]
  }
  return all
}
