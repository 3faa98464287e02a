// npm test: installs if needed, builds, type-checks, lints and runs the tests; with a pattern only those files, without what
// takes long and has nothing to do with them. See `usage`. The last line, alone, is always `N passed, N failed`.
import { parseArgs } from 'node:util'
import { buildLibrary, buildTests, checkUnbuilt } from './build.mjs'
import { compiledTests } from './compiled-tests.mjs'
import { nodeBinary, versions } from './nodes.mjs'
import { installIfNeeded, run } from './steps.mjs'
import { prepareServices } from './services.mjs'
import { runTestFiles } from './test-files.mjs'
import { afterEachChange } from './watch.mjs'

const usage = `Usage: npm test [-- PATTERN... options]

  npm test                                      everything: build, types, lint, format and all tests
  npm test -- test/call/map.test.ts             one file; any part of its path will do
  npm test -- core/sync queue/client            all files whose paths hold one of these
  npm test -- core/sync --name 'first come'     of them, the tests whose names hold these words, or match a /pattern/
  npm test -- core/sync --watch                 again after each change, until Ctrl-C
  npm test -- core/sync --node 24               on another version of Node: ${Object.keys(versions).join(', ')}
  npm test -- --no-lint                         everything but the linter and the formatter

A PATTERN leaves out the linter, the formatter and the types of examples: 'npm run lint' and 'npm test' have them.
With CI=true a skipped test counts as failed.`

const { values, positionals: patterns } = argumentsOrExit()
const whole = patterns.length === 0 && values.name === undefined && !values.watch

if (values.help) console.log(usage)
else if (values.watch) await watch()
else process.exitCode = await runOnce()

async function watch() {
  const run = signal => {
    if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[3J\u001b[H')
    return runOnce(signal)
  }
  const waits = () => console.log('\nwaiting for a change; Ctrl-C ends this')
  await afterEachChange(['src', 'test', 'examples', 'docs'], run, { waits })
}

/** Gives the exit code. */
async function runOnce(signal) {
  const broken = []
  let total = { passed: 0, failed: 0, skipped: [], failures: [] }
  const step = async (name, action) => {
    const begun = performance.now()
    const code = await action()
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    if (code !== 0 || whole) console.log(`${code === 0 ? 'ok  ' : 'FAIL'}          ${name}  ${seconds} s`)
    if (code !== 0) broken.push(name)
  }
  try {
    await step('install', installIfNeeded)
    if (broken.length === 0) {
      await step('build', buildLibrary)
      await step('compile the tests', buildTests)
      if (whole) await step('type-check examples and fixtures', checkUnbuilt)
      if (whole && !values['no-lint'])
        await step('lint and format', () => run(process.execPath, ['scripts/lint.mjs', '--quiet']))
      const files = await compiledTests(patterns)
      if (files.length === 0) broken.push(`find tests: no test file matches ${patterns.join(' ')}`)
      // Before the tests, which have no two minutes to wait for an installation.
      if (files.some(file => /[\\/](peer|redis)[\\/.]/.test(file))) await step('services', prepareServices)
      const node = values.node ? await nodeBinary(values.node) : process.execPath
      total = await runTestFiles(files, { node, name: values.name, signal })
      if (files.length > 0 && values.name !== undefined && total.passed + total.failed === 0 && !signal?.aborted)
        broken.push(`find tests: no name matches ${values.name}`)
    }
  } catch (error) {
    console.error(error)
    broken.push('run the tests')
  }
  if (signal?.aborted) return 1

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
  return failed === 0 ? 0 : 1
}

function argumentsOrExit() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        name: { type: 'string', short: 'n' },
        node: { type: 'string' },
        'no-lint': { type: 'boolean', default: false },
        watch: { type: 'boolean', short: 'w', default: false },
      },
    })
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`)
    process.exit(2)
  }
}
