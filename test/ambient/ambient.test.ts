import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { programFolder, runProgram } from '../core/program.ts'

// Each in a program of its own: once loaded, it stays for the whole process.
describe('skein/ambient', () => {
  const folder = programFolder()
  after(folder.remove)

  test('makes current() work after awaits and in callbacks, for each task its own', async () => {
    const { stdout, stderr, code } = await runProgram(
      folder.path,
      'ambient.mjs',
      `
        import 'skein/ambient'
        import assert from 'node:assert/strict'
        import { current, scope } from 'skein'

        await scope(async s => {
          await s.sleep(1)
          assert.equal(current(), s)
          const jobs = [1, 2, 3].map(n => s.spawn(async child => {
            await child.sleep(3 - n)
            assert.equal(current(), child)
            await new Promise(resolve => setTimeout(resolve, n))
            assert.equal(current(), child)
            await scope(async inner => {
              await inner.sleep(0)
              assert.equal(inner.parent, child)
              assert.equal(current(), inner)
            })
            assert.equal(current(), child)
          }))
          await Promise.all(jobs.map(job => job.result()))
          assert.equal(current(), s)
        })
        assert.throws(() => current(), { code: 'SKEIN_NO_CURRENT_SCOPE' })
        console.log('ok')
      `,
    )
    assert.equal(stderr, '')
    assert.equal(stdout, 'ok\n')
    assert.equal(code, 0)
  })

  test('gives a task that is called as a plain function its scope after awaits, and in generators', async () => {
    const { stdout, stderr } = await runProgram(
      folder.path,
      'plain.mjs',
      `
        import 'skein/ambient'
        import assert from 'node:assert/strict'
        import { current, scope } from 'skein'
        import { task } from 'skein'

        const late = task(import.meta, async function late() {
          await new Promise(setImmediate)
          const s = current()
          s.onExit(() => console.log('exit of', s.name))
          return s.name
        })
        const values = task(import.meta, async function* values() {
          for (let i = 0; i < 2; i++) {
            await new Promise(setImmediate)
            yield current().name
          }
        })
        console.log(await late())
        for await (const name of values()) console.log(name)
        await scope(async s => {
          await s.sleep(0)
          console.log(await late())
        }, { name: 'outer' })
      `,
    )
    assert.equal(stderr, '')
    assert.equal(stdout, 'exit of late\nlate\nvalues\nvalues\nouter\nexit of outer\n')
  })
})
