import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../support/paths.ts'

const { bundled, effectsOf } = (await import(pathToFileURL(join(root, 'scripts/bundle-size.mjs')).href)) as {
  bundled(names: string): Promise<{ readonly minified: number; readonly gzipped: number }>
  effectsOf(path: string): Promise<string>
}

/** What a program gets into its bundle, in bytes: about a fiftieth more than it is now. */
const bundles = {
  scope: { minified: 52_400, gzipped: 18_500 },
  Semaphore: { minified: 17_100, gzipped: 6_650 },
  retry: { minified: 57_900, gzipped: 20_400 },
  '*': { minified: 182_000, gzipped: 61_300 },
}

/** Says what to do about a size: it is there to be read by somebody who has only added a feature. */
function hold(what: string, is: number, limit: number, advice: string): void {
  assert.ok(
    is <= limit,
    `${what}: ${is} bytes, and the limit is ${limit}. ${advice} If it has to be, raise the limit here.`,
  )
  assert.ok(is > limit * 0.9, `${what} is down to ${is} bytes: lower the limit of ${limit} here, or it can creep back.`)
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
    const joined = readdirSync(join(root, 'dist/joined')).filter(name => name.endsWith('.js'))
    const left = (await Promise.all(joined.map(name => effectsOf(`dist/joined/${name}`)))).join('')
    const marked = '/* @__PURE__ */'
    assert.ok(
      left.length < 3_500,
      `${left.length} bytes stay in each bundle, with all that these use. A call at the top of a module needs ${marked} in front ` +
        `of it (a spread or a destructured property becomes such a call), or goes into the function that needs it:\n${left}`,
    )
  })
})
