import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { root } from '../support/paths.ts'
import { sourceFiles, type SourceFile } from '../support/sources.ts'

const atRoot: SourceFile[] = readdirSync(root)
  .filter(name => name.endsWith('.md'))
  .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
const pages = [
  ...atRoot,
  ...['docs', 'examples', 'bench', 'src']
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder => sourceFiles(folder, '.md')),
]

describe('the links in Markdown files', () => {
  const generated = (page: SourceFile): boolean => page.path.startsWith('docs/reference/')
  for (const page of pages.filter(each => !generated(each))) {
    test(`${page.path} links only to what is there`, () => linksOnlyToWhatIsThere(page))
  }

  test('docs/reference/ links only to what is there', () => {
    const reference = pages.filter(generated)
    assert.ok(reference.length > 100)
    for (const page of reference) linksOnlyToWhatIsThere(page)
  })

  for (const page of pages.filter(each => !generated(each) && /^(?:docs|src|examples)\b/.test(each.path))) {
    test(`${page.path} names only files that are there`, () => {
      for (const path of filesNamedIn(page.text)) {
        assert.ok(
          endings.some(ending => existsSync(join(root, path + ending))),
          `${page.path}: there is no ${path}`,
        )
      }
    })
  }

  test('docs/design/structured.md names only tests that are there', () => {
    const page = pages.find(each => each.path === 'docs/design/structured.md')
    const tests = [...(page?.text ?? '').matchAll(/`((?:core|call|testing|house)\/[a-z/-]+)`/g)].map(
      each => each[1] ?? '',
    )
    assert.ok(tests.length > 50)
    for (const path of tests) {
      assert.ok(
        endings.some(ending => existsSync(join(root, 'test', path + ending))),
        `there is no test ${path}`,
      )
    }
  })

  test('are really found', () => {
    assert.deepEqual(filesNamedIn('`src/a.ts`, `npm test`, `test/b`, and bench/c'), ['src/a.ts', 'test/b'])
    const text =
      'See [one](a/b.md#part) and ![two](c.png), [out](https://example.com).\n```\n[not](code.md)\n```\n`[not](x.md)`'
    assert.deepEqual(
      linksOf(text).map(each => each.link),
      ['a/b.md#part', 'c.png'],
    )
  })
})

const endings = ['', '.ts', '.test.ts']

/** The paths between backticks that begin in a folder of the repository. */
function filesNamedIn(text: string): string[] {
  return [...text.matchAll(/`((?:src|test|docs|examples|scripts)\/[\w./-]+)`/g)].map(match => match[1] ?? '')
}

function linksOnlyToWhatIsThere({ path, text }: SourceFile): void {
  for (const { link, file, anchor } of linksOf(text)) {
    const target = file === '' ? join(root, path) : join(root, dirname(path), file)
    assert.ok(existsSync(target), `${path}: ${link} leads nowhere`)
    if (anchor && target.endsWith('.md')) {
      const anchors = anchorsOf(readFileSync(target, 'utf8'))
      assert.ok(anchors.includes(anchor), `${link}: there is no such heading; there are ${anchors.join(', ')}`)
    }
  }
}

function linksOf(text: string): { link: string; file: string; anchor: string | undefined }[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)|(?:src|href)="([^"]+)"/g)]
    .map(match => match[1] ?? match[2] ?? '')
    .filter(link => !/^[a-z]+:/.test(link))
    .map(link => {
      const [file = '', anchor] = link.split('#')
      return { link, file, anchor }
    })
}

/** The anchors of a page's headings, made as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+\s+(.+)$/gm)].map(match =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}
