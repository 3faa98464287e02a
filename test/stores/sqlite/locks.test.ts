import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { promisify } from 'node:util'
import { repair, sqliteStore } from 'skein/stores/sqlite'
import { root } from '../../support/paths.ts'
import { call, inFolder } from './folder.ts'

const main = join(root, 'dist/cli/main.js')

/** How many jobs another program finds, which opens the file, looks, and closes it again. */
async function foundElsewhere(file: string): Promise<number> {
  const args = [main, 'jobs', '--store', `sqlite:${file}`, '--json', '--limit', '1000']
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return stdout.split('\n').filter(line => line !== '').length
}

describe('the locks of a file that a program has open', () => {
  inFolder('hold when the same program opens it again, closes that, and looks at it in other ways', async file => {
    const store = await sqliteStore(`sqlite:${file}`)
    await store.broker.send([call('first')])
    const second = await sqliteStore(`sqlite:${file}`)
    await second.close()
    await repair(file)
    assert.equal(await foundElsewhere(file), 1)
    assert.ok(existsSync(`${file}-wal`), 'the other program did not take itself for the last one and remove the log')
    await store.broker.send([call('second'), call('third')])
    assert.equal(await foundElsewhere(file), 3, 'what was accepted is there for others')
    await store.close()
  })
})
