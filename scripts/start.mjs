// npm start: installs if needed, builds, and runs the tour of the command line.
import { buildLibrary } from './build.mjs'
import { installIfNeeded, run } from './steps.mjs'

const installed = await installIfNeeded()
const built = installed || (await buildLibrary())
process.exitCode = built || (await run(process.execPath, ['dist/cli/main.js', 'tour', ...process.argv.slice(2)]))
