import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { call, task } from 'skein'
import { connect, work } from 'skein/queue'
import { root } from '../../support/paths.ts'
import { skein, start, workplace } from '../skein.ts'

let begun: () => void
let released: Promise<void>
const waits = task(
  import.meta,
  async (): Promise<void> => {
    begun()
    await released
  },
  { name: 'top.waits' },
)
const quick = task(import.meta, (n: number) => n, { name: 'top.quick' })

/** A store in which one job runs, one has ended, and one waits in a queue that is paused. */
async function inPlace(t: TestContext, body: (folder: string, store: string) => Promise<void>): Promise<void> {
  const folder = workplace(t)
  const store = `sqlite:${join(folder, 'jobs.db')}`
  const queue = await connect(store)
  const worker = await work({ store, tasks: [waits, quick], on: 'loop', concurrency: 2 })
  let release = (): void => {}
  released = new Promise(resolve => (release = resolve))
  const running = new Promise<void>(resolve => (begun = resolve))
  try {
    assert.equal(await queue.run(quick, 7), 7)
    await queue.submit(call(waits).with({ id: 'the-long-one' }))
    await running
    await body(folder, store)
  } finally {
    // Before the folder goes: what ends is still to be written.
    release()
    await worker.close()
    await queue.close()
  }
}

/** A program with a terminal of its own: `script` of util-linux makes one. */
const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0

describe('skein top', () => {
  test('prints one picture where there is no terminal', t =>
    inPlace(t, async (folder, store) => {
      const { code, stdout, stderr } = await skein(folder, ['top', '--store', store])
      assert.equal(code, 0, stderr)
      assert.match(stdout, /Queues\nqueue .*\n─.*\ndefault +0 +0 +0 +1 +1 /)
      assert.match(stdout, /Running\n\S+ {2}loop {2}█░ 1\/2 {2}default\n.* top\.waits\(\) {2}the-long-one\n/)
      assert.match(stdout, /slowest first\n.*\n.*\ntop\.quick +1 +0 /)
      assert.ok(!stdout.includes('q quit') && !stdout.includes('\u001b'))
    }))

  test('prints values for programs, again and again until Ctrl-C', t =>
    inPlace(t, async (folder, store) => {
      const running = start(folder, ['top', '--store', store, '--json', '--every', '1s'])
      const lines = (): string[] => running.stdoutSoFar().split('\n').slice(0, -1)
      while (lines().length < 2) await new Promise(resolve => running.child.stdout?.once('data', resolve))
      running.child.kill('SIGINT')
      assert.equal((await running.ended).code, 0)
      const [first, second] = lines().map(line => JSON.parse(line) as { at: string; running: { id: string }[] })
      assert.deepEqual(
        first?.running.map(({ id }) => id),
        ['the-long-one'],
      )
      assert.ok(Date.parse(second?.at as string) > Date.parse(first?.at as string))
    }))

  test('filters, and refuses times that are too short or none', t =>
    inPlace(t, async (folder, store) => {
      const { stdout } = await skein(folder, ['top', '--store', store, '--filter', 'QUICK'])
      assert.match(stdout, /top\.quick/)
      assert.doesNotMatch(stdout, /the-long-one|default/)
      for (const every of ['999ms', '0s', '5', '-1s', 'NaN']) {
        const { code, stderr } = await skein(folder, ['top', '--store', store, `--every=${every}`])
        assert.equal(code, 2, `${every}: ${stderr}`)
        assert.match(stderr, /--every must be/)
      }
      assert.equal((await skein(folder, ['top', 'mail', '--store', store])).code, 2)
      assert.equal((await skein(folder, ['top', '--store', 'sqlite:none.db'])).code, 2)
    }))

  test(
    'shows itself on a terminal, obeys its keys, and leaves the terminal as it was',
    { skip: hasTerminal ? false : 'needs script of util-linux' },
    t =>
      inPlace(t, async (folder, store) => {
        const command = [process.execPath, join(root, 'dist/cli/main.js'), 'top', '--store', store]
        const child = spawn(
          'script',
          ['-qec', `stty cols 100 rows 30; ${command.join(' ')}; echo "code $?"`, '/dev/null'],
          {
            cwd: folder,
            env: { ...process.env, TERM: 'xterm', FORCE_COLOR: '1', SHELL: '/bin/sh' },
            stdio: ['pipe', 'pipe', 'inherit'],
          },
        )
        let text = ''
        const printed = async (wanted: string): Promise<void> => {
          while (!text.includes(wanted)) {
            const [chunk] = (await new Promise<unknown[]>((resolve, reject) => {
              child.stdout.once('data', (...all) => resolve(all))
              child.once('close', () =>
                reject(new Error(`never printed ${JSON.stringify(wanted)}: ${JSON.stringify(text)}`)),
              )
            })) as [Buffer]
            text += chunk.toString()
          }
          text = text.slice(text.indexOf(wanted))
        }
        const ended = new Promise(resolve => child.once('close', resolve))
        await printed('\u001b[?1049h\u001b[?25l')
        await printed('the-long-one')
        child.stdin.write('/quick\r')
        await printed(`only with 'quick'`)
        child.stdin.write('?')
        await printed('hold still')
        child.stdin.write('xq')
        await printed('\u001b[?25h\u001b[?1049l')
        await printed('code 0')
        await ended
      }),
  )
})
