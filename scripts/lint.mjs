// npm run lint [-- --fix]: the type-aware linter, then the formatter in its checking mode.
import { oxfmt, oxlint, root, run } from './steps.mjs'
import { join } from 'node:path'

const fix = process.argv.includes('--fix')
const linted = await run(process.execPath, [oxlint, ...(fix ? ['--fix'] : [])], { cwd: root })
const formatted = await run(process.execPath, [oxfmt, ...(fix ? [] : ['--check'])], { cwd: join(root) })
process.exitCode = linted || formatted
