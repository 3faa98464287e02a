import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { npm } from '../support/npm.ts'
import { root } from '../support/paths.ts'

const { bundled, effectsOf } = (await import(pathToFileURL(join(root, 'scripts/bundle-size.mjs')).href)) as {
  bundled(names: string): Promise<{ readonly minified: number; readonly gzipped: number }>
  effectsOf(path: string): Promise<string>
}

/** What a program gets into its bundle, in bytes: about a fiftieth more than it is now. */
const bundles = {
  scope: { minified: 53_300, gzipped: 18_700 },
  Semaphore: { minified: 17_100, gzipped: 6_650 },
  retry: { minified: 58_400, gzipped: 20_400 },
  '*': { minified: 202_500, gzipped: 68_200 },
}

/** The package: bytes of the archive and on disk, and the number of files. */
const published = { size: 1_100_000, unpackedSize: 4_200_000, entryCount: 208 }

/** The joined files that most programs and workers load, in bytes. */
const parts = { front: 420_800, host: 144_500, pool: 63_500, threads: 8_100, processes: 9_800 }

/** Says what to do about a size: it is there to be read by somebody who has only added a feature. */
function hold(what: string, is: number, limit: number, advice: string): void {
  assert.ok(is <= limit, `${what}: ${is}, and the limit is ${limit}. ${advice} If it has to be, raise the limit here.`)
  assert.ok(is > limit * 0.9, `${what} is down to ${is}: lower the limit of ${limit} here, or it can creep back.`)
}

describe('what a bundle gets of skein does not grow', () => {
  for (const [names, { minified, gzipped }] of Object.entries(bundles)) {
    test(`by a program that imports ${names === '*' ? 'all of it' : names}`, async () => {
      const size = await bundled(names)
      const advice =
        `See with \`npm run size -- '${names}'\` which modules it has now, and beside it on the branch main: one that this ` +
        'program does not need is imported by one that it needs. Let what needs the module import it, and register itself.'
      hold(`the bundle of ${names}, minified`, size.minified, minified, advice)
      hold(`the bundle of ${names}, minified and gzipped`, size.gzipped, gzipped, advice)
    })
  }

  test('by statements that run when it is loaded, which no bundler leaves out', async () => {
    const left = (await Promise.all(Object.keys(parts).map(name => effectsOf(`dist/joined/${name}.js`)))).join('')
    const marked = '/* @__PURE__ */'
    assert.ok(
      left.length < 3_750,
      `${left.length} bytes stay in each bundle, with all that these use. A call at the top of a module needs ${marked} in front ` +
        `of it (a spread or a destructured property becomes such a call), or goes into the function that needs it:\n${left}`,
    )
  })
})

describe('what a user gets on disk does not grow', () => {
  test('in the package', async () => {
    const { stdout } = await npm(['pack', '--dry-run', '--json', '--ignore-scripts'], root)
    const parsed = JSON.parse(stdout) as unknown
    const [packed] = (Array.isArray(parsed) ? parsed : Object.values(parsed as object)) as (typeof published)[]
    assert.ok(packed !== undefined)
    const advice =
      'See with `npm pack --dry-run` what it holds: sources, maps to them, tests and pages of reference stay in the repository.'
    hold('the archive, in bytes', packed.size, published.size, advice)
    hold('the package on disk, in bytes', packed.unpackedSize, published.unpackedSize, advice)
    hold(
      'the number of files',
      packed.entryCount,
      published.entryCount,
      `${advice} A module belongs into a part: scripts/join.mjs.`,
    )
  })

  for (const [name, limit] of Object.entries(parts)) {
    test(`in dist/joined/${name}.js, which is read whenever it is loaded`, () => {
      const { size } = statSync(join(root, 'dist/joined', `${name}.js`))
      const advice =
        'What it does not need at once belongs into another part, which is loaded when it is needed: scripts/join.mjs.'
      hold(`dist/joined/${name}.js, in bytes`, size, limit, advice)
    })
  }
})
