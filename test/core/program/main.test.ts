import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { programFolder, runProgram } from '../program.ts'

const posix = process.platform !== 'win32'

describe('main', { concurrency: 2 }, () => {
  const folder = programFolder()
  after(folder.remove)

  const greeting = `
    import { main } from 'skein'
    await main(import.meta, async s => {
      await s.sleep(0)
      console.log('main of', s.name)
    })
    console.log('module')
  `

  test('runs its body in the program that was started, and the rest of the module after it', async () => {
    const { code, stdout, stderr } = await runProgram(folder.path, 'started.mjs', greeting)
    assert.equal(stderr, '')
    assert.equal(stdout, 'main of main\nmodule\n')
    assert.equal(code, 0)
  })

  test('knows the entry started without its extension, through a link, or as a folder', async () => {
    const path = join(folder.path, 'plain.js')
    const bare = await runProgram(folder.path, 'plain.js', greeting, { entry: join(folder.path, 'plain') })
    // Node itself finds an ES module without its extension only on some versions.
    if (bare.code === 0) assert.equal(bare.stdout, 'main of main\nmodule\n')
    if (!posix) return
    symlinkSync(path, join(folder.path, 'link.js'))
    const linked = await runProgram(folder.path, 'plain.js', greeting, { entry: join(folder.path, 'link.js') })
    assert.equal(linked.stdout, 'main of main\nmodule\n')
  })

  test('does nothing in a module that was imported', async () => {
    writeFileSync(join(folder.path, 'imported.mjs'), greeting)
    const { stdout } = await runProgram(folder.path, 'importer.mjs', `import './imported.mjs'\nconsole.log('importer')`)
    assert.equal(stdout, 'module\nimporter\n')
  })

  test('does nothing in a worker thread, nor in a worker process of skein', async () => {
    const threaded = await runProgram(
      folder.path,
      'threaded.mjs',
      `
        import { isMainThread, Worker } from 'node:worker_threads'
        import { main } from 'skein'
        await main(import.meta, async () => {
          console.log('main')
          await new Promise(resolve => new Worker(new URL(import.meta.url)).on('exit', resolve))
        })
        console.log(isMainThread ? 'program' : 'thread')
      `,
    )
    assert.equal(threaded.stdout, 'main\nthread\nprogram\n')
    const worker = await runProgram(
      folder.path,
      'worker.mjs',
      `
        globalThis[Symbol.for('skein.worker')] = {}
        const { main } = await import('skein')
        await main(import.meta, () => console.log('main'))
        console.log('worker')
      `,
    )
    assert.equal(worker.stdout, 'worker\n')
  })

  test('prints what the body throws, sets the exit code to 1 and lets the rest finish', async () => {
    const { code, stdout, stderr } = await runProgram(
      folder.path,
      'failing.mjs',
      `
        import { main } from 'skein'
        setTimeout(() => console.log('drained'), 20)
        await main(import.meta, () => { throw new Error('broken') })
        console.log('after')
      `,
    )
    assert.equal(code, 1)
    assert.match(stderr, /Error: broken\n\s+at .*failing\.mjs:4/)
    assert.equal(stdout, 'after\ndrained\n')
  })

  test('ends in time when its body has thrown, whatever is open, and says what that is', async () => {
    const { code, stdout, stderr } = await runProgram(
      folder.path,
      'open.mjs',
      `
        import { createServer } from 'node:http'
        import { loop, main, openScope, sleep, task } from 'skein'
        const slow = task(import.meta, async function slow() { await sleep('1h') })
        await main(import.meta, async () => {
          await new Promise(resolve => createServer().listen(0, resolve))
          const block = openScope()
          block.signal.addEventListener('abort', () => console.log(block.cause.source))
          loop.run(slow).catch(error => console.log(error.source))
          throw new Error('broken')
        }, { grace: 20 })
        console.log('after')
      `,
    )
    assert.match(stderr, /^Error: broken/)
    assert.match(stderr, /did not end within 20 ms after main had failed: still open: TCPSERVERWRAP; it exits now/i)
    assert.deepEqual(stdout.trim().split('\n').sort(), ['after', 'shutdown', 'shutdown'])
    assert.equal(code, 1)
  })

  test('says of nothing that it is open where it has no time to end', async () => {
    const code = `import { main } from 'skein'\nawait main(import.meta, () => { throw undefined }, { grace: 0 })`
    const ended = await runProgram(folder.path, 'no-time.mjs', code)
    assert.match(ended.stderr, /^undefined\n/)
    assert.doesNotMatch(ended.stderr, /open/)
    assert.equal(ended.code, 1)
  })

  const waiting = `
    import { main } from 'skein'
    await main(import.meta, async s => {
      console.log('ready')
      try {
        await s.sleep('1h')
      } catch (error) {
        console.log(error.source, error.reason)
        await s.shield(s => s.sleep(0), { timeout: '1s' })
        console.log('cleaned up')
        throw error
      }
    })
  `

  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`cancels its scope on ${signal}, lets it clean up, and exits with ${exitCode}`, { skip: !posix }, async () => {
      const ended = await runProgram(folder.path, `${signal}.mjs`, waiting, { signals: [['ready', signal]] })
      assert.equal(ended.stderr, '')
      assert.equal(ended.stdout, `ready\nshutdown ${signal}\ncleaned up\n`)
      assert.equal(ended.code, exitCode)
    })
  }

  test('cancels scopes that are part of no other one, too, and asks them to stop first', { skip: !posix }, async () => {
    const ended = await runProgram(
      folder.path,
      'orphans.mjs',
      `
      import { main, openScope, scope } from 'skein'
      await main(import.meta, async s => {
        await null // from here on nothing knows in which scope it is
        const block = openScope()
        block.signal.addEventListener('abort', () => console.log('block'))
        await scope(async s => {
          s.signal.addEventListener('abort', () => console.log(s.cause.source, s.cause.reason))
          console.log('ready')
          await s.sleep('1h')
        })
      }, { drain: 1 })
    `,
      { signals: [['ready', 'SIGINT']] },
    )
    assert.equal(ended.stderr, '')
    assert.deepEqual(ended.stdout.trim().split('\n').sort(), ['block', 'ready', 'shutdown SIGINT'])
    assert.equal(ended.code, 130)
  })

  const deaf = (options: string): string => `
    import { main } from 'skein'
    setInterval(() => {}, 1000)
    await main(import.meta, async s => {
      console.log('ready')
      s.signal.addEventListener('abort', () => console.log('first'))
      await new Promise(() => {})
    }${options})
  `

  test('exits at once on the second signal', { skip: !posix }, async () => {
    const signals = [
      ['ready', 'SIGINT'],
      ['first', 'SIGINT'],
    ] as const
    const ended = await runProgram(folder.path, 'second.mjs', deaf(''), { signals })
    assert.equal(ended.code, 130)
  })

  test('exits when the body has not stopped within the grace period', { skip: !posix }, async () => {
    const ended = await runProgram(folder.path, 'grace.mjs', deaf(`, { grace: 20 }`), {
      signals: [['ready', 'SIGTERM']],
    })
    assert.equal(ended.code, 143)
    assert.match(ended.stderr, /did not stop within 20 ms after SIGTERM/)
  })
})
