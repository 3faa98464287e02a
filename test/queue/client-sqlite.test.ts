import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe } from 'node:test'
import { openStore } from 'skein/queue'
import { clientSuite } from './client-suite.ts'

describe('in a file:', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-client-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  let files = 0
  // What is tested is the client; that a commit is on the disk is tested with the store.
  clientSuite(() => openStore(`sqlite:${join(folder, `${++files}.db`)}?durability=relaxed`))
})
