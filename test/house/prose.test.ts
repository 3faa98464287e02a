import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { root } from '../support/paths.ts'
import { sourceFiles } from '../support/sources.ts'

/** The folders of `src`, and what is in none of them. */
const rooms = readdirSync(join(root, 'src'))

/** A doc comment says what a thing is or does: it opens with a noun or a verb. */
const openings = /^(?:What|How|Whether|Who|Whom|Whoever|Whose|Which|Why|Where|When|That)\b/

/** Words that are not the plain English ones: `a string`, `if`, `not a number`. */
const dialect =
  /\b(?:a text|array of texts|[Ww]hoever|as is told|(?<!\b[Tt]here[\s*]+)(?:is|are) no (?!longer|more|later|larger|faster)[a-z]+)\b/g

/** The source files of a room with their text. */
function sourcesIn(room: string): { readonly file: string; readonly text: string }[] {
  const names = room.endsWith('.ts')
    ? ['']
    : readdirSync(join(root, 'src', room), { recursive: true, encoding: 'utf8' })
  return names
    .map(name => join('src', room, name))
    .filter(file => file.endsWith('.ts'))
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
    const sources = sourcesIn(room)

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

  test('is really read', () => {
    assert.ok(rooms.includes('core') && rooms.includes('index.ts'))
    assert.ok(sourcesIn('stores').length > 20)
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

describe('the prose of the pages', () => {
  const atRoot = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'].map(path => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }))
  const pages = [...atRoot, ...['docs', 'src', 'examples', 'bench'].flatMap(folder => sourceFiles(folder, '.md'))]
    // The first is made from the docstrings, the second lists the names of tests.
    .filter(({ path }) => !path.startsWith('docs/reference/') && path !== 'docs/design/conformance.md')

  for (const { path, text } of pages) {
    test(`${path} is in plain English`, () => {
      const found = Array.from(
        text.matchAll(dialect),
        ({ 0: words, index }) => `${path}:${lineOf(text, index)} ${words}`,
      )
      assert.deepEqual(found, [])
    })
  }
})
