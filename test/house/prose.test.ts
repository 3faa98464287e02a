import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { root } from '../support/paths.ts'

/** The rooms whose comments have been gone through. */
const rooms = [
  'core',
  'cli',
  'advisor',
  'celery',
  'testing',
  'loop',
  'threads',
  'processes',
  'call',
  'pool',
  'observe',
  'ambient',
  'lowlevel',
]

/** A doc comment says what a thing is or does: it opens with a noun or a verb. */
const openings = /^(?:What|How|Whether|Who|Whoever|Whose|Which|Why|Where|When|That)\b/

/** Words that are not the plain English ones: `a string`, `if`, `not a number`. */
const dialect =
  /\b(?:a text|array of texts|[Ww]hoever|as is told|(?<!\b[Tt]here[\s*]+)(?:is|are) no (?!longer|more|later|larger)[a-z]+)\b/g

/** Every source file with its text. */
function sourcesIn(folder: string): { readonly file: string; readonly text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
    .map(file => ({ file, text: readFileSync(join(root, file), 'utf8') }))
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

/** The doc comments of a text, without their stars, and the lines that they begin in. */
function docComments(text: string): { readonly line: number; readonly says: string }[] {
  return Array.from(text.matchAll(/\/\*\*?([^/][\s\S]*?)\*\//g), ({ 1: inside = '', index }) => ({
    line: lineOf(text, index),
    says: inside
      .replace(/\n\s*\* ?/g, '\n')
      .trim()
      .replace(/^@internal\s+/, ''),
  }))
}

describe('the prose of the code', () => {
  for (const room of rooms) {
    const sources = sourcesIn(`src/${room}`)

    test(`${room}: a doc comment opens with a noun or a verb`, () => {
      const found = sources.flatMap(({ file, text }) =>
        docComments(text)
          .filter(({ says }) => openings.test(says))
          .map(({ line, says }) => `${file}:${line} ${says.split('\n')[0]}`),
      )
      assert.deepEqual(found, [])
    })

    test(`${room}: comments and errors are in plain English`, () => {
      const found = sources.flatMap(({ file, text }) =>
        Array.from(text.matchAll(dialect), ({ 0: words, index }) => `${file}:${lineOf(text, index)} ${words}`),
      )
      assert.deepEqual(found, [])
    })
  }

  test('no error says that something must be a text', () => {
    const found = sourcesIn('src').flatMap(({ file, text }) =>
      text
        .split('\n')
        .flatMap((line, at) =>
          /must be an? (?:array of )?texts?\b|is no number/.test(line) ? [`${file}:${at + 1}`] : [],
        ),
    )
    assert.deepEqual(found, [])
  })

  test('is really read', () => {
    const read = docComments(readFileSync(join(root, 'src/core/sync/lock.ts'), 'utf8'))
    assert.ok(read.some(({ says }) => /^[A-Z]/.test(says)))
    assert.ok(openings.test(docComments('/** What it is. */')[0]?.says ?? ''))
    assert.ok(openings.test(docComments('/**\n * @internal How it is. */')[0]?.says ?? ''))
    assert.equal(' * There\n * is no room, it is no longer\n * there, and 5 is no\n'.match(dialect), null)
    assert.deepEqual('Whoever says so: this is no number, and must be a text'.match(dialect), [
      'Whoever',
      'is no number',
      'a text',
    ])
  })
})
