import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { repair, sqliteStore } from 'skein/stores/sqlite'
import { inFolder } from './folder.ts'

describe('schedules in a file', () => {
  inFolder('are saved by repair, and no version is given out twice', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    const to = { dueAt: 5, definition: '{"a":1}', progress: '{}' }
    const [made] = await store.schedules.change([{ name: 's', version: 0, to }])
    assert.ok(made?.outcome === 'changed')
    await store.close()
    const { into } = await repair(file)
    await using repaired = await sqliteStore(`sqlite:${into}`)
    assert.deepEqual(await repaired.schedules.find('s'), { name: 's', version: made.version, ...to })
    const [again] = await repaired.schedules.change([{ name: 's', version: made.version, to }])
    assert.ok(again?.outcome === 'changed' && again.version > made.version)
  })
})
