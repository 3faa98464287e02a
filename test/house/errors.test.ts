import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { root } from '../support/paths.ts'
import { sourceFiles } from '../support/sources.ts'

const codes = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(match => match[1] ?? '')

/** The code with which the command line reports a wrong command, which no program can meet; and environment variables. */
const others: ReadonlySet<string> = new Set([
  'SKEIN_CLI_USAGE',
  'SKEIN_DEBUG',
  'SKEIN_STRESS',
  'SKEIN_CRASH_AT',
  'SKEIN_STORE',
  'SKEIN_RUNS',
  'SKEIN_SEED',
  'SKEIN_TRACE',
  'SKEIN_DASHBOARD_TOKEN',
])

describe('the error codes', () => {
  const source = readFileSync(join(root, 'src/core/errors/errors.ts'), 'utf8')
  const union = source.slice(
    source.indexOf('export type ErrorCode ='),
    source.indexOf('\n\n', source.indexOf('export type ErrorCode =')),
  )
  const declared = codes(union, /'(SKEIN_[A-Z_]+)'/g)
  const documented = codes(readFileSync(join(root, 'docs/errors.md'), 'utf8'), /^## `?(SKEIN_[A-Z_]+)/gm)

  test('are found in the source', () => {
    assert.ok(declared.includes('SKEIN_CANCELLED'))
    assert.equal(new Set(declared).size, declared.length)
  })

  test('are each once in docs/errors.md, and nothing else is', () => {
    assert.deepEqual([...documented].sort(), [...declared].sort())
  })

  test('have each their class in the table', () => {
    const text = readFileSync(join(root, 'docs/errors.md'), 'utf8')
    const table = text.slice(0, text.indexOf('\n## '))
    const apart = readFileSync(join(root, 'src/core/errors/abandoned.ts'), 'utf8')
    const classes = codes(source + apart, /export class (\w+Error) /g).filter(name => name !== 'SkeinError')
    assert.deepEqual([...codes(table, /^\| `(\w+)` \|/gm)].sort(), classes.sort())
    assert.deepEqual([...codes(table, /`(SKEIN_[A-Z_]+)`/g)].sort(), [...declared].sort())
  })

  test('say each what happened, what usually causes it and what to do', () => {
    const text = readFileSync(join(root, 'docs/errors.md'), 'utf8')
    for (const section of text.split(/^## /m).slice(1)) {
      const name = section.slice(0, section.indexOf('\n'))
      for (const part of ['**What happened.**', '**Usual cause.**', '**What to do.**']) {
        assert.ok(section.includes(part), `${name} lacks ${part}`)
      }
    }
  })

  test('that the sources and docs mention all exist', () => {
    for (const { path, text } of [...sourceFiles('src', '.ts'), ...sourceFiles('docs', '.md')]) {
      for (const code of codes(text, /\b(SKEIN_[A-Z]+(?:_[A-Z]+)*)\b/g)) {
        if (others.has(code)) continue
        assert.ok(declared.includes(code), `${path} mentions ${code}, which src/core/errors/errors.ts does not declare`)
      }
    }
  })
})
