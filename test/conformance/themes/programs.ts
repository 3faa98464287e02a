import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fixture } from '../../support/paths.ts'
import { fileAppears } from '../files.ts'
import { type Ending, runProgram, runScript, scriptPath } from '../script.ts'
import { theme, type Theme } from '../suite.ts'

function ended(ending: Ending, code: number): void {
  assert.deepEqual([ending.code, ending.signal], [code, null], `${ending.stdout}\n${ending.stderr}`)
}

const needs = ['workers'] as const

export const programs: Theme = theme('whole programs', add => {
  add('a program that forgets to close ends when its work is done', async ({ place }) => {
    const ending = await runScript('forget-close.js', [place.name])
    ended(ending, 0)
    assert.equal(ending.stdout, '8\n[ 2, 4, 6 ]\n')
    assert.equal(ending.stderr, '')
  })

  add('an executor that is never used does not keep the program alive', async ({ place }) => {
    const ending = await runScript('never-used.js', [place.name])
    ended(ending, 0)
    assert.equal(ending.stdout, 'opened\n')
  })

  add('work that goes on keeps the program alive', async ({ place }) => {
    const ending = await runScript('pending-work.js', [place.name])
    ended(ending, 0)
    assert.equal(ending.stdout, 'waited 150\nwaited 1\n')
  })

  for (const seed of [1, 2]) {
    add(
      `calls that wait keep the program alive while workers come and go at random (seed ${seed})`,
      async ({ place }) => {
        const ending = await runScript('comes-and-goes.js', [place.name, String(seed)])
        ended(ending, 0)
        assert.equal(ending.stdout, 'all answered\n')
      },
      { needs },
    )
  }

  add(
    'a program without a descriptor left gets an error for each call, and goes on when there are some again',
    async ({ place }) => {
      const ending = await runScript('no-descriptors.js', [place.name], { descriptors: 100 })
      ended(ending, 0)
      const [before, without, ...lines] = ending.stdout.trim().split('\n')
      assert.deepEqual([before, without], ['2', 'SKEIN_WORKER_START'])
      for (const line of lines.slice(0, -1))
        assert.match(line, /^(?:8|SKEIN_WORKER_START|SKEIN_TASK_MODULE|SKEIN_WORKER_CRASHED)$/)
      assert.equal(lines.at(-1), '42')
    },
    { needs },
  )

  add('a program that is given on the command line can use it', async ({ place }) => {
    const lines = [
      `const { placeNamed } = await import(${JSON.stringify(new URL('../places/named.js', import.meta.url).href)})`,
      `const { double } = await import(${JSON.stringify(new URL('../tasks/values.js', import.meta.url).href)})`,
      `const executor = (await placeNamed('${place.name}')).open({ workers: 1 })`,
      'console.log(await executor.run(double, 21))',
      'await executor.close()',
    ]
    for (const nodeArgs of [['--input-type=module'], ['--input-type', 'module', '--inspect-port', '0']]) {
      const ending = await runProgram('-e', [lines.join('\n')], { nodeArgs })
      ended(ending, 0)
      assert.equal(ending.stdout, '42\n')
    }
  })

  add('limits and signals that were not needed do not keep the program alive', async ({ place }) => {
    const ending = await runScript('cancelled-and-done.js', [place.name])
    ended(ending, 0)
    assert.equal(ending.stdout, '2\ntrue\ncancelled\n')
  })

  add(
    'a timer that a task left behind in its worker does not keep the program alive',
    async ({ place }) => {
      const ending = await runScript('leaves-timer.js', [place.name])
      ended(ending, 0)
      assert.equal(ending.stdout, 'left\n')
    },
    { needs },
  )

  add('an error that nobody catches ends the program', async ({ place }) => {
    const ending = await runScript('fails.js', [place.name])
    ended(ending, 1)
    assert.match(ending.stderr, /nobody catches this/)
  })

  for (const closes of [true, false]) {
    add(`what tasks print arrives whole, ${closes ? 'with close' : 'without close'}`, async ({ place }) => {
      const ending = await runScript('prints.js', [place.name, 'inherit', closes ? 'close' : 'leave'])
      ended(ending, 0)
      const expected = Array.from({ length: 2_000 }, (_, n) => `line ${n}\n`).join('')
      assert.equal(ending.stdout, `${expected}half a line`)
      assert.equal(ending.stderr, 'to stderr\n')
    })
  }

  add(
    'what tasks print can be tagged with the worker, line by line',
    async ({ place }) => {
      const ending = await runScript('prints.js', [place.name, 'tagged', 'close'])
      ended(ending, 0)
      const lines = ending.stdout.split('\n').filter(line => line !== '')
      assert.equal(lines.length, 2_001)
      const tag = place.name === 'threads' ? 'thread 1' : 'process 1'
      for (const [n, line] of lines.entries()) {
        assert.ok(line.includes(tag), line)
        assert.ok(line.endsWith(n < 2_000 ? `line ${n}` : 'half a line'), line)
      }
      assert.match(ending.stderr, new RegExp(`${tag}.*to stderr`))
    },
    { needs },
  )

  add('Ctrl-C lets the tasks of a program tidy up', async ({ place, file }) => {
    const folder = file('.')
    // A terminal sends the signal to the whole group: the program and its worker processes.
    const child = spawn(process.execPath, [scriptPath('interrupted.js'), place.name, folder], {
      detached: true,
      stdio: ['ignore', 'inherit', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    try {
      await fileAppears(file('started'))
      process.kill(-(child.pid as number), 'SIGINT')
      const [code] = (await once(child, 'close')) as [number]
      assert.equal(code, 130, stderr)
      assert.equal(existsSync(file('tidied')), true, stderr)
      assert.equal(stderr, '')
    } finally {
      child.kill('SIGKILL')
    }
  })

  add(
    'an entry file without a guard is told to get one',
    async ({ place }) => {
      const ending = await runProgram(fixture('starts-a-pool.mjs'), [place.name], {
        env: { SKEIN_TEST_KIND: place.name },
      })
      ended(ending, 0)
      assert.match(ending.stdout, /error .*SKEIN_NESTED_START/)
    },
    { needs },
  )

  add(
    'an entry file with a guard runs its own tasks',
    async ({ place }) => {
      const ending = await runProgram(fixture('guarded.mjs'), [place.name])
      ended(ending, 0)
      assert.equal(ending.stdout, 'result 49\n')
    },
    { needs },
  )
})
