// npm test [-- PATTERN...] [--node MAJOR]: installs if needed, builds, type-checks, lints and runs the tests.
// The last line, alone, is always `N passed, N failed`.
import { parseArgs } from 'node:util'
import { buildLibrary, buildTests, checkUnbuilt } from './build.mjs'
import { compiledTests } from './compiled-tests.mjs'
import { nodeBinary } from './nodes.mjs'
import { installIfNeeded, run } from './steps.mjs'
import { runTestFiles } from './test-files.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { node: { type: 'string' }, 'no-lint': { type: 'boolean', default: false } },
})

const broken = []
let total = { passed: 0, failed: 0, skipped: [], failures: [] }
try {
  await step('install', installIfNeeded)
  if (broken.length === 0) {
    await step('build', buildLibrary)
    await step('compile the tests', buildTests)
    await step('type-check examples and fixtures', checkUnbuilt)
    if (!values['no-lint']) await step('lint and format', () => run(process.execPath, ['scripts/lint.mjs', '--quiet']))
    const files = await compiledTests(positionals)
    if (files.length === 0) broken.push(`find tests: no test file matches ${positionals.join(' ')}`)
    const node = values.node ? await nodeBinary(values.node) : process.execPath
    total = await runTestFiles(files, { node })
  }
} catch (error) {
  console.error(error)
  broken.push('run the tests')
}

if (total.skipped.length > 0) {
  console.log(`\nSKIPPED, so not proven here (${total.skipped.length}):`)
  for (const { file, name, reason } of total.skipped) console.log(`  ${file}: ${name}${reason ? ` (${reason})` : ''}`)
}
const skipsCount = process.env.CI === 'true' || process.env.CI === '1' ? total.skipped.length : 0
if (skipsCount > 0) console.log('With CI=true a skipped test counts as failed.')
if (total.failures.length > 0) {
  console.log('\nFAILED:')
  for (const name of total.failures) console.log(`  ${name}`)
}
for (const name of broken) console.log(`\nFAILED: ${name}`)

const failed = total.failed + broken.length + skipsCount
console.log(`\n${total.passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function step(name, action) {
  const begun = performance.now()
  const code = await action()
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}          ${name}  ${seconds} s`)
  if (code !== 0) broken.push(name)
}
