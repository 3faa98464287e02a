import { after, describe, test } from 'node:test'
import { programFolder } from '../core/program.ts'
import { checkWeight } from '../core/weighing.ts'

describe('a call that waits in a pool', () => {
  const folder = programFolder()
  after(folder.remove)

  test('takes the same room whether there are ten thousand or fifty thousand, and leaves none behind', () =>
    checkWeight(folder.path, {
      many: 50_000,
      most: 1_100,
      setUp: `
      import { task } from 'skein'
      import { threads } from 'skein/threads'
      const same = task(import.meta, function same(n) { return n })
      const pool = threads({ workers: 1 })
      pool.pause()
      `,
      weigh: `
      const before = heap()
      for (let i = 0; i < count; i++) void pool.run(same, i).catch(() => {})
      const during = heap()
      pool.clear()
      await pool.idle()
      await new Promise(resolve => setImmediate(resolve))
      return [before, during, heap()]
      `,
      close: 'await pool.close()',
    }))
})
