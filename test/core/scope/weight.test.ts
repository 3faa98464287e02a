import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { programFolder, runProgram } from '../program.ts'

describe('a sleeping child task', () => {
  const folder = programFolder()
  after(folder.remove)

  test('takes the same room whether there are ten thousand or a hundred thousand, and leaves none behind', async () => {
    const { code, stdout, stderr } = await runProgram(
      folder.path,
      'weight.mjs',
      `
      import { setFlagsFromString } from 'node:v8'
      import { runInNewContext } from 'node:vm'
      import { scope } from 'skein'
      setFlagsFromString('--expose-gc')
      const collect = runInNewContext('gc')
      const heap = () => (collect(), collect(), process.memoryUsage().heapUsed)
      async function weigh(count) {
        const before = heap()
        let during = 0
        await scope(async s => {
          let begun = 0
          for (let i = 0; i < count; i++) {
            s.spawn(s => {
              begun++
              return s.sleep(3_600_000 + (i % 1000))
            })
          }
          while (begun < count) await s.sleep(0)
          during = heap()
          s.cancel()
        }).catch(() => {})
        return [(during - before) / count, (heap() - before) / count]
      }
      await weigh(10_000)
      const few = await weigh(10_000)
      const many = await weigh(100_000)
      console.log(JSON.stringify([few[0], many[0], few[1], many[1]].map(Math.round)))
    `,
    )
    assert.equal(stderr, '')
    assert.equal(code, 0)
    const [few, many, leftOfFew, leftOfMany] = JSON.parse(stdout) as [number, number, number, number]
    assert.ok(many < 700, `${many} bytes for each of 100,000`)
    assert.ok(many < few * 1.25, `${few} bytes for each of 10,000, ${many} for each of 100,000`)
    assert.ok(leftOfFew < 50 && leftOfMany < 20, `${leftOfFew} and ${leftOfMany} bytes left behind for each`)
  })
})
