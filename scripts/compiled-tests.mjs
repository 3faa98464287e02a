import { join, relative } from 'node:path'
import { filesUnder } from './build.mjs'
import { root } from './steps.mjs'

/** The compiled test files whose source path holds one of the patterns; all of them when there is no pattern. */
export async function compiledTests(patterns) {
  const build = join(root, 'build')
  const files = (await filesUnder(join(build, 'test'))).filter(path => path.endsWith('.test.js')).sort()
  const wanted = patterns.map(pattern => pattern.replace(/^\.\//, '').replace(/\.ts$/, '.js'))
  return files.filter(path => wanted.length === 0 || wanted.some(pattern => relative(build, path).includes(pattern)))
}
