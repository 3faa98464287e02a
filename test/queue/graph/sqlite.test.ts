import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe } from 'node:test'
import { openStore } from 'skein/queue'
import { graphSuite } from './graph-suite.ts'

describe('graphs on a queue in a file:', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-graphs-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  let files = 0
  graphSuite(() => openStore(`sqlite:${join(folder, `${++files}.db`)}?durability=relaxed`))
})
