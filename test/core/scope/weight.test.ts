import { after, describe, test } from 'node:test'
import { programFolder } from '../program.ts'
import { checkWeight } from '../weighing.ts'

describe('a sleeping child task', () => {
  const folder = programFolder()
  after(folder.remove)

  test('takes the same room whether there are ten thousand or a hundred thousand, and leaves none behind', () =>
    checkWeight(folder.path, {
      many: 100_000,
      most: 700,
      setUp: `import { scope } from 'skein'`,
      weigh: `
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
      return [before, during, heap()]
      `,
    }))
})
