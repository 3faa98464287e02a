// Loaded by `skein trace` before the program. Threads and processes of the program load it, too, since they get the same options of
// Node: they find no settings, and record nothing.
import { settingsVariable } from './settings.ts'

const settings = process.env[settingsVariable]
// Not for what the program starts.
delete process.env[settingsVariable]

if (settings !== undefined && process.getBuiltinModule('node:worker_threads').isMainThread) {
  const { recordProgram } = await import('./record-program.ts')
  recordProgram(settings)
}
