// npm run lint [-- --fix]: the type-aware linter; what nobody uses, which is told and never removed; then the formatter, which
// checks unless it is told to fix.
import { installIfNeeded, oxfmt, oxlint, run } from './steps.mjs'
import { checkUnused } from './unused.mjs'

const fix = process.argv.includes('--fix')
const quiet = process.argv.includes('--quiet')
process.exitCode = (await installIfNeeded()) || (await lint())

async function lint() {
  const linted = await run(process.execPath, [oxlint, ...(fix ? ['--fix'] : []), ...(quiet ? ['--quiet'] : [])])
  const unused = await checkUnused()
  const formatted = await run(process.execPath, [oxfmt, ...(fix ? [] : [quiet ? '--list-different' : '--check'])])
  return linted || unused || formatted
}
