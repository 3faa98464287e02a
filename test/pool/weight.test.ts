import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { programFolder, runProgram } from '../core/program.ts'

describe('a call that waits in a pool', () => {
  const folder = programFolder()
  after(folder.remove)

  test('takes the same room whether there are ten thousand or fifty thousand, and leaves none behind', async () => {
    const { code, stdout, stderr } = await runProgram(
      folder.path,
      'weight.mjs',
      `
      import { setFlagsFromString } from 'node:v8'
      import { runInNewContext } from 'node:vm'
      import { task } from 'skein'
      import { threads } from 'skein/threads'
      setFlagsFromString('--expose-gc')
      const collect = runInNewContext('gc')
      const heap = () => (collect(), collect(), process.memoryUsage().heapUsed)
      const same = task(import.meta, function same(n) { return n })
      const pool = threads({ workers: 1 })
      pool.pause()
      async function weigh(count) {
        const before = heap()
        for (let i = 0; i < count; i++) void pool.run(same, i).catch(() => {})
        const during = heap()
        pool.clear()
        await pool.idle()
        await new Promise(resolve => setImmediate(resolve))
        return [(during - before) / count, (heap() - before) / count]
      }
      await weigh(10_000)
      const few = await weigh(10_000)
      const many = await weigh(50_000)
      await pool.close()
      console.log(JSON.stringify([few[0], many[0], few[1], many[1]].map(Math.round)))
    `,
    )
    assert.equal(stderr, '')
    assert.equal(code, 0)
    const [few, many, leftOfFew, leftOfMany] = JSON.parse(stdout) as [number, number, number, number]
    assert.ok(many < 1_100, `${many} bytes for each of 50,000`)
    assert.ok(many < few * 1.25, `${few} bytes for each of 10,000, ${many} for each of 50,000`)
    assert.ok(leftOfFew < 50 && leftOfMany < 20, `${leftOfFew} and ${leftOfMany} bytes left behind for each`)
  })
})
