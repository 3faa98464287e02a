import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { InvalidArgumentError, instrument, scope, warnBlocked } from 'skein'
import { type ScopeNode } from 'skein/lowlevel'
import { programFolder, runProgram } from '../program.ts'

const label = (task: ScopeNode | undefined): string => task?.name ?? 'nobody'

describe('an instrument', () => {
  test('57: sees a task spawned, scheduled, stepping and gone, in order', async () => {
    const seen: string[] = []
    const note =
      (what: string) =>
      (task: ScopeNode | undefined): void => {
        if (task?.isTask) seen.push(`${what} ${label(task)}`)
      }
    const remove = instrument({
      spawned: note('spawned'),
      scheduled: note('scheduled'),
      beforeStep: note('before'),
      afterStep: note('after'),
      exited: note('exited'),
    })
    await scope(async s => {
      s.spawn(async function load(s) {
        seen.push('step 1')
        await s.sleep(0)
        seen.push('step 2')
        await s.wait(Promise.resolve())
        seen.push('step 3')
      })
    })
    remove()
    await scope(s => void s.spawn(() => {}, { name: 'unseen' }))
    const wake = (step: number): string[] => ['scheduled load', 'before load', `step ${step}`, 'after load']
    assert.deepEqual(seen, ['spawned load', ...wake(1), ...wake(2), ...wake(3), 'exited load'])
  })

  test('57: steps of several tasks do not overlap', async () => {
    let inside: string | undefined
    const wrong: string[] = []
    const remove = instrument({
      beforeStep(task) {
        if (inside !== undefined) wrong.push(`${label(task)} began within ${inside}`)
        inside = label(task)
      },
      afterStep(task) {
        if (inside !== label(task)) wrong.push(`${label(task)} ended, ${inside} had begun`)
        inside = undefined
      },
    })
    await scope(s => {
      for (let i = 0; i < 20; i++) {
        s.spawn(
          async s => {
            for (let k = 0; k < 5; k++) {
              await s.sleep(0)
              if (inside !== `t${i}`) wrong.push(`t${i} runs in the step of ${inside}`)
            }
          },
          { name: `t${i}` },
        )
      }
    })
    remove()
    assert.deepEqual(wrong, [])
  })

  test('57: may be added and removed within a hook', async () => {
    const seen: string[] = []
    const inner = (): void => {
      removeInner ??= instrument({ spawned: task => seen.push(`inner ${task.name}`) })
    }
    let removeInner: (() => void) | undefined
    const remove = instrument({
      spawned(task) {
        seen.push(task.name)
        inner()
        if (task.name === 'b') remove()
      },
    })
    await scope(s => {
      for (const name of ['a', 'b', 'c']) s.spawn(() => {}, { name })
    })
    removeInner?.()
    assert.deepEqual(seen, ['a', 'b', 'inner b', 'inner c'])
  })

  test('57: one that throws is removed and reported, and the program goes on', async () => {
    const warned = once(process, 'warning') as Promise<[Error]>
    let others = 0
    const remove = instrument({ spawned: () => others++ })
    const gone = instrument({
      spawned() {
        throw new Error('out of order')
      },
    })
    const sum = await scope(async s => {
      const jobs = [1, 2, 3].map(n => s.spawn(() => n))
      return (await Promise.all(jobs.map(job => job.result()))).reduce((a, b) => a + b, 0)
    })
    const [warning] = await warned
    remove()
    gone()
    assert.equal(sum, 6)
    assert.equal(others, 3)
    assert.match(warning.message, /threw in spawned and was removed.*out of order/)
  })

  test('refuses what is no hook', () => {
    assert.throws(() => instrument({ started() {} } as never), InvalidArgumentError)
    assert.throws(() => instrument({ spawned: 3 } as never), InvalidArgumentError)
    assert.throws(() => instrument(undefined as never), InvalidArgumentError)
  })
})

describe('the warning about a blocked event loop', () => {
  const folder = programFolder()
  after(folder.remove)

  test('names the task whose step took too long, and no other', async () => {
    const warnings: string[] = []
    const note = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', note)
    const stop = warnBlocked(300)
    await scope(async s => {
      s.spawn(async function calm(s) {
        for (let i = 0; i < 5; i++) await s.sleep(0)
      })
      s.spawn(async function busy(s) {
        await s.sleep(0)
        for (const end = performance.now() + 400; performance.now() < end;);
        await s.sleep(0)
      })
    })
    stop()
    await new Promise(resolve => setImmediate(resolve))
    process.removeListener('warning', note)
    assert.equal(warnings.filter(text => /^task busy kept the event loop busy for \d+ ms/.test(text)).length, 1)
  })

  test('is on with SKEIN_DEBUG=1', async () => {
    const { stderr, stdout } = await runProgram(
      folder.path,
      'blocked.mjs',
      `
      import { scope } from 'skein'
      await scope(s => {
        s.spawn(async function busy() {
          for (const end = performance.now() + 130; performance.now() < end;);
        })
      })
      console.log('done')
    `,
      { env: { SKEIN_DEBUG: '1' } },
    )
    assert.equal(stdout, 'done\n')
    assert.match(stderr, /task busy kept the event loop busy/)
  })
})
