import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { programFolder, runProgram } from '../../core/program.ts'

describe('a program whose main has failed', { concurrency: 2 }, () => {
  const folder = programFolder()
  after(folder.remove)

  const places: Readonly<Record<string, string>> = {
    'in memory, on the loop, with a health page': `store: memoryStore(), on: 'loop', healthPort: 0`,
    'in a file, on threads': `store: await openStore('sqlite:jobs.db'), on: 'threads'`,
    'in a file, in processes': `store: await openStore('sqlite:jobs.db'), on: 'processes'`,
  }
  const worker = (options: string): string => `
    import { existsSync, writeFileSync } from 'node:fs'
    import { current, main, task } from 'skein'
    import { openStore, queueIn, work } from 'skein/queue'
    import { memoryStore } from 'skein/stores/memory'
    export const slow = task(import.meta, async function slow(file) {
      const s = current()
      s.progress('begun')
      while (!existsSync(file)) await s.sleep(1)
      console.log('finished')
    })
    await main(import.meta, async s => {
      const options = { ${options} }
      await work({ ...options, tasks: [slow] })
      const queue = queueIn(options.store)
      const file = import.meta.filename + '.go'
      const job = await queue.submit(slow, file)
      for await (const value of job.progress()) if (value === 'begun') break
      console.log('ready')
      END
    })
  `

  for (const [at, [where, options]] of Object.entries(places).entries()) {
    test(`closes its worker and ends with 1: ${where}`, async () => {
      const code = worker(options)
        .replace('jobs.db', `${at}.db`)
        .replace('END', `writeFileSync(file, ''); throw new Error('broken')`)
      const ended = await runProgram(folder.path, `${at}.mjs`, code)
      assert.match(ended.stderr, /^Error: broken\n\s+at .*\.mjs/)
      assert.doesNotMatch(ended.stderr, /exits now/)
      assert.equal(ended.stdout, 'ready\nfinished\n', 'what it runs may end')
      assert.equal(ended.code, 1)
    })
  }

  test('and one that is asked to stop closes its worker, too', { skip: process.platform === 'win32' }, async () => {
    const code = worker(places['in memory, on the loop, with a health page'] as string)
      .replace('await work', 'const worker = await work')
      .replace('END', `process.once('SIGTERM', () => writeFileSync(file, '')); await worker.done`)
    const ended = await runProgram(folder.path, 'asked.mjs', code, { signals: [['ready', 'SIGTERM']] })
    assert.equal(ended.stderr, '')
    assert.equal(ended.stdout, 'ready\nfinished\n')
    assert.equal(ended.code, 143)
  })

  test('does not wait for ever for a result that never comes', async () => {
    const ended = await runProgram(
      folder.path,
      'waits.mjs',
      `
        import { main, task } from 'skein'
        import { connect } from 'skein/queue'
        export const nobodys = task(import.meta, function nobodys() {})
        await main(import.meta, async () => {
          const queue = await connect('sqlite:waits.db')
          const job = await queue.submit(nobodys)
          await Promise.all([job.result(), Promise.reject(new Error('broken'))])
        }, { grace: 20 })
      `,
    )
    assert.match(ended.stderr, /^Error: broken\n/)
    assert.match(ended.stderr, /did not end within 20 ms after main had failed: .*; it exits now/)
    assert.equal(ended.code, 1)
  })
})
