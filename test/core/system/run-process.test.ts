import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { openProcess, runProcess, scope } from 'skein'

const node = process.execPath
const run = (code: string, ...rest: unknown[]) => runProcess(node, ['-e', code], ...(rest as []))

/** Says that it is there, and takes no notice of SIGTERM. */
const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('ready')"

describe('runProcess', () => {
  test('gives what the program wrote, and how it ended', async () => {
    const result = await run("console.log('out'); console.error('err')")
    assert.equal(result.stdout, 'out\n')
    assert.equal(result.stderr, 'err\n')
    assert.deepEqual([result.exitCode, result.signal, result.truncated], [0, null, false])
  })

  test('arguments reach the program as they are, with no shell in between', async () => {
    const { stdout } = await runProcess(node, ['-p', 'process.argv[1]', '--', '$(echo no) "; rm'])
    assert.equal(stdout, '$(echo no) "; rm\n')
  })

  test('gives the program its input, its folder and its environment', async () => {
    const code = "process.stdin.on('data', d => console.log(String(d), process.cwd(), process.env.GREETING))"
    const { stdout } = await run(code, { input: 'hello', cwd: '/', env: { GREETING: 'hi' } })
    assert.equal(stdout, 'hello / hi\n')
  })

  test('another exit code than 0 is an error that carries the end of stderr', async () => {
    await assert.rejects(run("console.error('no such page'); process.exit(3)"), {
      code: 'SKEIN_PROCESS_FAILED',
      exitCode: 3,
      stderr: 'no such page\n',
      message: /ended with exit code 3: no such page/,
    })
    assert.equal((await run('process.exit(3)', { check: false })).exitCode, 3)
  })

  test('a program that a signal has ended says so', async () => {
    await assert.rejects(run("process.kill(process.pid, 'SIGKILL')"), { signal: 'SIGKILL', exitCode: null })
  })

  test('a program that is not there is an error that names it', async () => {
    await assert.rejects(runProcess('no-such-program-of-skein'), {
      code: 'SKEIN_PROCESS_FAILED',
      message: /no-such-program-of-skein could not be started: there is no such program/,
    })
  })

  test('keeps the end of what is more than maxBytes', async () => {
    const result = await run("process.stdout.write('a'.repeat(200_000) + 'END')", { maxBytes: 1000 })
    assert.equal(result.stdout, `${'a'.repeat(997)}END`)
    assert.equal(result.truncated, true)
  })

  test('56: a program that fills its stderr does not stand still', async () => {
    const result = await run("process.stderr.write('e'.repeat(1_000_000)); console.log('done')")
    assert.equal(result.stderr.length, 1_000_000)
    assert.equal(result.stdout, 'done\n')
  })

  test('a program that reads no input does not fail because of what it was offered', async () => {
    assert.equal((await run('process.stdin.destroy()', { input: 'x'.repeat(1_000_000) })).exitCode, 0)
  })

  test('56: its end is its end, also when a program of its own keeps the pipe open', async () => {
    const code =
      "const { spawn } = require('child_process');" +
      "const left = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'inherit', detached: true });" +
      'left.unref(); console.log(left.pid); process.exit(0)'
    const { stdout } = await run(code)
    process.kill(Number(stdout), 'SIGKILL')
  })

  test('56: cancel: SIGTERM ends a program that heeds it', async () => {
    await assert.rejects(
      scope(async s => {
        const job = s.spawn(s => run('setInterval(() => {}, 1e6)', {}, s))
        const timer = setImmediate(() => s.cancel('enough'))
        await job.result()
        clearImmediate(timer)
      }),
      { code: 'SKEIN_CANCELLED', reason: 'enough' },
    )
  })

  test('56: cancel: SIGKILL ends one that does not, with a warning', async () => {
    const warnings: string[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', onWarning)
    try {
      await assert.rejects(
        scope(async s => {
          const program = await openProcess(node, ['-e', stubborn], { grace: 50 }, s)
          for await (const line of program.lines()) if (line === 'ready') s.cancel()
          await program.ended
        }),
        { code: 'SKEIN_CANCELLED' },
      )
      await new Promise(setImmediate)
      assert.match(warnings.join('\n'), /did not end within 50 ms after SIGTERM: SIGKILL/)
    } finally {
      process.off('warning', onWarning)
    }
  })

  test('an owner that was cancelled before starts nothing', async () => {
    await assert.rejects(run('1', {}, AbortSignal.abort()), { code: 'SKEIN_CANCELLED' })
  })

  test('wrong arguments are refused', async () => {
    await assert.rejects(runProcess(''), { code: 'SKEIN_INVALID_ARGUMENT', message: /command/ })
    await assert.rejects(runProcess(node, '-v' as never), /array of strings.*no shell/)
    await assert.rejects(runProcess(node, [], { shell: true } as never), /'shell'/)
    await assert.rejects(runProcess(node, [], { input: 3 } as never), /input must be/)
  })

  test(
    '100 programs leave no open file behind (scenario 56)',
    { skip: process.platform !== 'linux' && 'needs /proc' },
    async () => {
      const open = (): number => readdirSync('/proc/self/fd').length
      await runProcess('true')
      const before = open()
      for (let i = 0; i < 100; i++) await runProcess('true')
      assert.equal(open(), before)
    },
  )
})

describe('openProcess', () => {
  test('talks with a program while it runs', async () => {
    await scope(async s => {
      const program = await openProcess(node, ['-e', 'process.stdin.pipe(process.stdout)'], {}, s)
      program.stdin.write('one\n')
      const lines = program.lines()[Symbol.asyncIterator]()
      assert.equal((await lines.next()).value, 'one')
      program.stdin.end('two\n')
      assert.equal((await lines.next()).value, 'two')
      assert.equal((await lines.next()).done, true)
      assert.deepEqual(await program.ended, { exitCode: 0, signal: null })
    })
  })

  test('the scope waits for the end of the program', async () => {
    let ended = false
    await scope(async s => {
      const program = await openProcess(node, ['-e', "process.stdin.on('data', () => process.exit())"], {}, s)
      void program.ended.then(() => (ended = true))
      setImmediate(() => program.stdin.write('go'))
    })
    assert.equal(ended, true)
  })

  test('close stops it and resolves when it has ended', async () => {
    const program = await openProcess(node, ['-e', 'setInterval(() => {}, 1e6)'])
    await program.close()
    await assert.rejects(program.ended, { code: 'SKEIN_CANCELLED', source: 'close', ended: 'terminated' })
    assert.equal(program.signal('SIGTERM'), false)
  })

  test('an exit code is no error here', async () => {
    const program = await openProcess(node, ['-e', 'process.exit(4)'])
    assert.deepEqual(await program.ended, { exitCode: 4, signal: null })
    await program.close()
  })

  test('gives lines whole, however they come, and also a last one without an end', async () => {
    await scope(async s => {
      const program = await openProcess(node, ['-e', 'process.stdin.pipe(process.stdout)'], {}, s)
      const lines = program.lines()[Symbol.asyncIterator]()
      const bytes = Buffer.from('first\r\n\nüb')
      program.stdin.write(bytes.subarray(0, 9))
      assert.equal((await lines.next()).value, 'first')
      assert.equal((await lines.next()).value, '')
      program.stdin.write(bytes.subarray(9))
      program.stdin.end(`er${'x'.repeat(100_000)}`)
      assert.equal((await lines.next()).value, `über${'x'.repeat(100_000)}`)
      assert.equal((await lines.next()).done, true)
    })
  })

  test('who reads hears of the cancellation, also when a program that was left behind keeps the pipe open', async () => {
    const code =
      "const { spawn } = require('child_process');" +
      "const left = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'inherit', detached: true });" +
      'console.log(left.pid)'
    let left = 0
    await assert.rejects(
      scope(async s => {
        const program = await openProcess(node, ['-e', code], {}, s)
        for await (const line of program.lines()) {
          left = Number(line)
          s.cancel('enough')
        }
      }),
      { code: 'SKEIN_CANCELLED', reason: 'enough' },
    )
    process.kill(left, 'SIGKILL')
  })

  test('56: a program whose stderr nobody reads does not stand still, unless it was asked for', async () => {
    const code = "process.stderr.write('e'.repeat(1_000_000), () => console.log('done'))"
    const program = await openProcess(node, ['-e', code], { stderr: 'ignore' })
    let lines = 0
    for await (const line of program.lines()) lines += line === 'done' ? 1 : 0
    for await (const line of program.lines('stderr')) assert.fail(line)
    assert.equal(lines, 1)
    await program.close()
    const piped = await openProcess(node, ['-e', code], { stderr: 'pipe' })
    let bytes = 0
    for await (const chunk of piped.stderr) bytes += (chunk as Buffer).length
    assert.equal(bytes, 1_000_000)
    await piped.close()
  })

  test('wrong options are refused', async () => {
    await assert.rejects(openProcess(node, [], { stderr: 'file' as never }), { code: 'SKEIN_INVALID_ARGUMENT' })
    await assert.rejects(openProcess(node, ['a\0b']), {
      code: 'SKEIN_INVALID_ARGUMENT',
      message: /could not be started/,
    })
  })

  test('a program that is not there is an error at once', async () => {
    await assert.rejects(openProcess('no-such-program-of-skein'), { code: 'SKEIN_PROCESS_FAILED' })
  })
})
