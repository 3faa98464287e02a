import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A web site on this machine that runs in a process of its own. */
export interface Site {
  readonly url: string
  close(): Promise<void>
}

/** Starts the site over some files. */
export async function openSite(files: readonly string[]): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-tour-'))
  const list = join(folder, 'files.json')
  writeFileSync(list, JSON.stringify(files))
  const child = fork(fileURLToPath(new URL('./server.js', import.meta.url)), [list], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    const port = await portOf(child)
    return {
      url: `http://127.0.0.1:${port}`,
      async close() {
        const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
        child.kill()
        if (child.exitCode === null && child.signalCode === null) await gone
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', port => resolve(Number(port)))
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      reject(new Error(`The server of the tour ended before it was ready (${signal ?? `exit code ${code}`})`)),
    )
  })
}
