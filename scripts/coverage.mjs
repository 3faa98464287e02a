// npm run coverage [-- PATTERN...]: runs the tests, or those whose paths hold a pattern, and prints which lines of src/ they have
// run, in this process and in all threads and processes below it. A process that a test kills has no chance to say so.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CoverageReport } from 'monocart-coverage-reports'
import { buildLibrary, buildTests } from './build.mjs'
import { compiledTests } from './compiled-tests.mjs'
import { filesUnder } from './files.mjs'
import { root } from './steps.mjs'
import { runTestFiles } from './test-files.mjs'

const raw = join(root, '.cache/coverage/raw')
const patterns = process.argv.slice(2)

process.exitCode = (await buildLibrary()) || (await buildTests()) || (await measure())

async function measure() {
  await rm(raw, { recursive: true, force: true })
  await mkdir(raw, { recursive: true })
  const files = await compiledTests(patterns)
  const { passed, failed } = await runTestFiles(files, { environment: { NODE_V8_COVERAGE: raw } })
  const seen = passed + failed === 0 ? [] : await report()
  if (patterns.length === 0) {
    const code = (await filesUnder('src')).filter(path => path.endsWith('.ts')).map(path => `src/${path}`)
    const never = code.filter(path => !seen.includes(path))
    if (never.length > 0)
      console.log(`Never loaded, or nothing but types:\n${never.map(path => `  ${path}`).join('\n')}`)
  }
  await rm(raw, { recursive: true, force: true })
  console.log(`\n${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0 ? 0 : 1
}

/** Prints the table and gives the paths that it has seen. */
async function report() {
  const coverage = new CoverageReport({
    name: patterns.length === 0 ? 'Coverage by all tests' : `Coverage by ${patterns.join(', ')}`,
    baseDir: root,
    outputDir: join(root, '.cache/coverage/report'),
    entryFilter: ({ url }) => url.includes('/dist/') && !url.includes('/node_modules/'),
    sourceFilter: path => path.startsWith('src/'),
    reports: [['console-details', { metrics: ['lines', 'functions', 'branches'] }], 'v8'],
    logging: 'error',
  })
  await coverage.addFromDir(raw)
  const { files } = await coverage.generate()
  console.log(`Each file with its lines: ${join(root, '.cache/coverage/report/index.html')}`)
  return files.map(each => each.sourcePath)
}
