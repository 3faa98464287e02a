import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { root } from '../support/paths.ts'
import { listIn, listOf, withList } from './list.ts'
import { loopPlace } from './places/loop.ts'
import { processesPlace } from './places/processes.ts'
import { threadsPlace } from './places/threads.ts'
import { applies, capabilities } from './suite.ts'
import { themes } from './themes/index.ts'

const path = join(root, 'docs/design/conformance.md')

describe('the conformance suite', () => {
  test('is listed case by case in docs/design/conformance.md', () => {
    const page = readFileSync(path, 'utf8')
    const list = listOf(themes)
    // SKEIN_UPDATE=1 writes the list instead of comparing it.
    if (process.env['SKEIN_UPDATE'] === '1') writeFileSync(path, withList(page, list))
    else assert.equal(listIn(page), list)
  })

  test('pins down what happens wherever an executor cannot do something', () => {
    const cases = themes.flatMap(theme => theme.cases)
    for (const place of [loopPlace, threadsPlace, processesPlace]) {
      for (const missing of capabilities.filter(each => !place.can.has(each))) {
        const pinned = cases.filter(each => each.lacks === missing && applies(each, place))
        assert.ok(pinned.length > 0, `no case says what ${place.name} does without: ${missing}`)
      }
    }
  })

  test('runs the same cases on threads and on processes', () => {
    const cases = themes.flatMap(theme => theme.cases)
    const titles = (place: typeof threadsPlace): string[] =>
      cases.filter(each => applies(each, place)).map(each => each.title)
    assert.deepEqual(titles(threadsPlace), titles(processesPlace))
    assert.ok(titles(loopPlace).length > 150)
  })
})
