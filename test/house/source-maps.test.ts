import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/paths.ts'

const joined = join(root, 'dist/joined')

test('The maps of the joined files lead from each function and class to the line of the source that has it', () => {
  const wrong: string[] = []
  let found = 0
  for (const name of readdirSync(joined).filter(each => each.endsWith('.js'))) {
    const map = new SourceMap(JSON.parse(readFileSync(join(joined, `${name}.map`), 'utf8')) as SourceMapPayload)
    for (const [at, line] of readFileSync(join(joined, name), 'utf8').split('\n').entries()) {
      const [, declared = ''] = /^(?:async )?(?:function|var)\*? (\w+)(?: = (?:abstract )?class|\()/.exec(line) ?? []
      // A name that two modules have gets a number in one of them.
      const word = declared.replace(/\d+$/, '')
      if (word === '' || word === 'ofNode') continue
      const { originalSource, originalLine } = map.findEntry(at, line.indexOf(declared)) as SourceMapping
      const source = originalSource ? readFileSync(join(joined, originalSource), 'utf8').split('\n')[originalLine] : ''
      if (source?.includes(word)) found++
      else wrong.push(`${name}:${at + 1} ${declared} leads to ${originalSource}: ${source}`)
    }
  }
  assert.deepEqual(wrong, [])
  assert.ok(found > 800, `${found} functions and classes`)
})
