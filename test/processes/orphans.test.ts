import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { fileAppears, holds } from '../conformance/files.ts'
import { scriptPath } from '../conformance/script.ts'

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function start(kind: string, folder: string): Promise<{ parent: ChildProcess; worker: number }> {
  const parent = spawn(process.execPath, [scriptPath('hold-processes.js'), kind, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: parent.stdout as NodeJS.ReadableStream }), 'line')) as [string]
  return { parent, worker: Number(line) }
}

describe('a process whose program has gone', () => {
  for (const [kind, how] of [
    ['idle', 'SIGKILL'],
    ['waiting', 'SIGKILL'],
    ['spinning', 'SIGKILL'],
    ['spinning', 'SIGTERM'],
    ['waiting', 'SIGINT'],
  ] as const) {
    test(`ends by itself when it was ${kind} and the program got ${how}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'skein-'))
      const { parent, worker } = await start(kind, folder)
      try {
        if (kind !== 'idle') await fileAppears(join(folder, 'started'))
        parent.kill(how)
        await once(parent, 'exit')
        await holds(() => !isAlive(worker), 'the end of the worker')
      } finally {
        if (isAlive(worker)) process.kill(worker, 'SIGKILL')
        rmSync(folder, { recursive: true })
      }
    })
  }

  test('ends when the program calls process.exit, also inside a synchronous loop', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-'))
    const { parent, worker } = await start('leaving', folder)
    try {
      if (parent.exitCode === null) await once(parent, 'exit')
      await holds(() => !isAlive(worker), 'the end of the worker')
    } finally {
      if (isAlive(worker)) process.kill(worker, 'SIGKILL')
      rmSync(folder, { recursive: true })
    }
  })

  test('ends when the program calls process.exit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-'))
    const { worker } = await start('exiting', folder)
    await holds(() => !isAlive(worker), 'the end of the worker')
    rmSync(folder, { recursive: true })
    assert.equal(isAlive(worker), false)
  })
})
