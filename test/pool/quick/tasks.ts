import { spawnSync } from 'node:child_process'
import { task } from 'skein'

export interface Seen {
  readonly execArgv: string[]
  /** How often the joined scripts are there. */
  readonly scripts: number
  /** True if a module has been loaded before all others that sets `preloaded`. */
  readonly preloaded: boolean
  /** What `task` is in a program that the worker starts. */
  readonly inner: string
}

/** What a worker sees of the way in which it was started, and what a program that it starts by itself sees of skein. */
export const seen = task(import.meta, function seen(): Seen {
  const inner = `import { task } from 'skein'; console.log(typeof task)`
  const { stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, '--input-type=module', '-e', inner], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  const scripts = Object.getOwnPropertySymbols(globalThis).filter(symbol =>
    symbol.description?.startsWith('skein.joined '),
  )
  return {
    execArgv: process.execArgv,
    scripts: scripts.length,
    preloaded: 'preloaded' in globalThis,
    inner: stdout.trim() || stderr,
  }
})
