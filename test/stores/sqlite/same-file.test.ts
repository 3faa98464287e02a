import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe } from 'node:test'
import { SameFile } from '#skein/stores/sqlite/file/same-file.js'
import { inFolder } from './folder.ts'

const gone = { code: 'SKEIN_STORE_UNAVAILABLE' }

/** A store's three files in a folder that was last changed long ago, and what is looked at. */
function opened(file: string): { same: SameFile; looks: string[] } {
  for (const end of ['', '-wal', '-shm']) writeFileSync(file + end, '')
  utimesSync(dirname(file), 1, 1)
  const looks: string[] = []
  const same = new SameFile(file, path => {
    looks.push(path)
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  })
  looks.length = 0
  return { same, looks }
}

describe('the look at the file of a store with each commit', { skip: process.platform === 'win32' }, () => {
  inFolder('is one at its folder, as long as that is as it was', file => {
    const { same, looks } = opened(file)
    same.check(true)
    assert.deepEqual(looks, [dirname(file), file, `${file}-wal`, `${file}-shm`])
    looks.length = 0
    same.check(true)
    same.check()
    assert.deepEqual(looks, [dirname(file), dirname(file)])
  })

  inFolder('finds each of its files gone after that', file => {
    for (const end of ['', '-wal', '-shm']) {
      const { same } = opened(file)
      same.check(true)
      rmSync(file + end)
      assert.throws(() => same.check(true), gone)
      assert.throws(() => same.check(true), gone)
    }
  })

  inFolder('finds it replaced by another file', file => {
    const { same } = opened(file)
    same.check(true)
    writeFileSync(`${file}-new`, '')
    renameSync(`${file}-new`, file)
    assert.throws(() => same.check(), gone)
  })

  inFolder('finds its whole folder replaced by one that was changed just as long ago', file => {
    const folder = join(dirname(file), 'store')
    const inside = join(folder, 'jobs.db')
    mkdirSync(folder)
    const { same } = opened(inside)
    same.check(true)
    renameSync(folder, `${folder}-away`)
    mkdirSync(folder)
    opened(inside)
    assert.throws(() => same.check(), gone)
  })

  inFolder('looks at all where only less was looked at before', file => {
    const { same, looks } = opened(file)
    same.check()
    looks.length = 0
    same.check(true)
    assert.deepEqual(looks, [dirname(file), file, `${file}-wal`, `${file}-shm`])
  })

  inFolder(
    'relies on one that was changed a second ago where its clock is finer than a hundredth, and not where it may be coarse',
    file => {
      const folder = dirname(file)
      const second = Math.floor(Date.now() / 1_000) - 1
      for (const [time, seen] of [
        [second + 0.123, [folder, file, folder]],
        [second, [folder, file, folder, file]],
      ] as const) {
        const { same, looks } = opened(file)
        utimesSync(folder, time, time)
        same.check()
        same.check()
        assert.deepEqual(looks, seen)
      }
    },
  )

  inFolder('relies on no folder that was changed a moment ago: it may be changed again within the same tick', file => {
    const { same, looks } = opened(file)
    utimesSync(dirname(file), new Date(), new Date())
    same.check()
    same.check()
    assert.deepEqual(looks, [dirname(file), file, dirname(file), file])
  })

  inFolder('nor on the folder of a link to it', file => {
    const { looks } = opened(file)
    const link = `${file}-link`
    symlinkSync(file, link)
    const same = new SameFile(link, path => {
      looks.push(path)
      return statSync(path, { bigint: true, throwIfNoEntry: false })
    })
    looks.length = 0
    same.check()
    same.check()
    assert.deepEqual(looks, [link, link])
  })
})
