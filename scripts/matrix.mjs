// npm run matrix [-- PATTERN...] [--only 22,24]: builds once and runs the tests on every supported version of Node.
import { parseArgs } from 'node:util'
import { buildLibrary, buildTests } from './build.mjs'
import { nodeBinary, versions } from './nodes.mjs'
import { installIfNeeded } from './steps.mjs'
import { runTestFiles } from './test-files.mjs'
import { compiledTests } from './compiled-tests.mjs'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } })
const majors = values.only ? values.only.split(',').map(each => each.trim()) : Object.keys(versions)

const broken = []
if ((await installIfNeeded()) !== 0) broken.push('FAILED: install')
if ((await buildLibrary()) !== 0) broken.push('FAILED: build')
if ((await buildTests()) !== 0) broken.push('FAILED: compile the tests')

const files = await compiledTests(positionals)
const rows = []
for (const major of majors) {
  const node = await nodeBinary(major)
  console.log(`\nNode ${versions[major]}`)
  const begun = performance.now()
  const total = await runTestFiles(files, { node })
  rows.push({ major, seconds: (performance.now() - begun) / 1000, ...total })
}

console.log('\nNode        passed   failed  skipped   seconds')
for (const { major, passed, failed, skipped, seconds } of rows) {
  const cells = [passed, failed, skipped.length, seconds.toFixed(0)].map(cell => String(cell).padStart(9))
  console.log(`${versions[major].padEnd(9)}${cells.join('')}`)
}
for (const { major, failures, skipped } of rows) {
  for (const name of failures) console.log(`FAILED on ${major}: ${name}`)
  for (const { file, name, reason } of skipped)
    console.log(`SKIPPED on ${major}: ${file}: ${name}${reason ? ` (${reason})` : ''}`)
}
for (const line of broken) console.log(line)

const passed = rows.reduce((sum, row) => sum + row.passed, 0)
const failed = rows.reduce((sum, row) => sum + row.failed, broken.length)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
