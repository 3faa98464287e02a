import { join } from 'node:path'
import { filesUnder } from './files.mjs'
import { root } from './steps.mjs'

/** The compiled test files whose source path holds one of the patterns; all of them when there is no pattern. */
export async function compiledTests(patterns) {
  const files = (await filesUnder('build/test')).map(path => `test/${path}`).filter(path => path.endsWith('.test.js'))
  const wanted = patterns.map(pattern => pattern.replaceAll('\\', '/').replace(/^\.\//, '').replace(/\.ts$/, '.js'))
  return files
    .filter(path => wanted.length === 0 || wanted.some(pattern => path.includes(pattern)))
    .sort()
    .map(path => join(root, 'build', path))
}
