import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { root } from './support/paths.ts'
import { runScript } from './support/run-script.ts'
import { notTested, startRedis } from './support/services.ts'
import { difference, docstringSnippets, expectedOutput, pageSnippets, type Snippet } from './support/snippets.ts'
import { sourceFiles } from './support/sources.ts'

const pages = [
  { path: 'README.md', text: readFileSync(join(root, 'README.md'), 'utf8') },
  ...['docs/guide', 'docs/from-python'].flatMap(folder =>
    existsSync(join(root, folder)) ? sourceFiles(folder, '.md') : [],
  ),
]
const snippets = [...sourceFiles('src', '.ts').flatMap(docstringSnippets), ...pages.flatMap(pageSnippets)]

describe('the example of', { concurrency: 2 }, () => {
  // Inside the repository, so that 'skein' in the examples is this package.
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build', 'snippets-'))
  const files = new Map<Snippet, string>()
  let complaints: readonly string[] = []

  before(async () => {
    for (const [index, snippet] of snippets.entries()) {
      const path = join(folder, String(index + 1), `example.${snippet.language}`)
      mkdirSync(dirname(path))
      writeFileSync(path, snippet.language === 'ts' ? `${snippet.code}export {}\n` : snippet.code)
      files.set(snippet, path)
    }
    complaints = await typeErrors(folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const snippet of snippets) {
    test(snippet.name, async t => {
      const redis = snippet.redis === true ? await startRedis() : undefined
      if (redis?.missing !== undefined) return notTested(t, redis.missing)
      t.after(() => redis?.stop())
      const path = files.get(snippet) ?? ''
      const own = complaints.filter(line => line.includes(`${relative(folder, path)}(`))
      assert.deepEqual(own, [], `type errors in\n${snippet.code}`)
      if (redis !== undefined) {
        assert.match(snippet.code, servers)
        writeFileSync(path, readFileSync(path, 'utf8').replace(servers, `redis://127.0.0.1:${redis.port}`))
      }
      const { code, signal, hung, stdout, stderr } = await runScript(path, { cwd: dirname(path) })
      assert.ok(!hung, `did not end within 30 s; it printed\n${stdout}${stderr}`)
      assert.equal(code, 0, `ended with ${signal ?? code}:\n${stdout}${stderr}\nin\n${snippet.code}`)
      assert.equal(difference(expectedOutput(snippet.code), stdout), undefined)
    })
  }
})

/** The server in the URLs of the pages: the usual one, as their readers have it. */
const servers = /redis:\/\/127\.0\.0\.1:6379(?=[/?'`])/g

describe('the reading of examples', () => {
  test('takes the code of a docstring up to the next tag', () => {
    const text = [
      '/**',
      ' * Says hello.',
      ' *',
      ' * @example',
      " * import { hello } from 'skein'",
      ' *',
      ' * if (true) {',
      ' *   console.log(hello()) // hi',
      ' * }',
      ' *',
      ' * @internal',
      ' */',
      'export function hello(): string {',
    ].join('\n')
    const [snippet] = docstringSnippets({ path: 'src/hello.ts', text })
    assert.equal(snippet?.name, 'src/hello.ts hello')
    assert.equal(snippet?.code, `import { hello } from 'skein'\n\nif (true) {\n  console.log(hello()) // hi\n}\n`)
    assert.deepEqual(expectedOutput(snippet?.code ?? ''), { lines: ['hi'], complete: true })
  })

  test('notices output that is missing, wrong, too much or in another order', () => {
    const expected = expectedOutput('console.log(1) // 1\nfor (const n of ns) console.log(n) // 2, then 3\n')
    assert.equal(difference(expected, '1\n2\n3\n'), undefined)
    for (const wrong of ['1\n2\n', '1\n2\n4\n', '1\n3\n2\n', '1\n2\n3\n4\n', '']) assert.ok(difference(expected, wrong))
  })

  test('lets an uncommented console.log print what it likes, between the promised lines', () => {
    const expected = expectedOutput('console.log(Date.now())\nconsole.log(f()) // took … ms\n')
    assert.equal(difference(expected, '123\ntook 5 ms\n'), undefined)
    assert.ok(difference(expected, '123\ntook long\n'))
  })

  test('finds the blocks of a page that are marked as runnable', () => {
    const text = '```ts run\nconst a = 1\n```\n\n```ts\nnot this\n```\n\n```js run\nb()\n```\n'
    assert.deepEqual(
      pageSnippets({ path: 'p.md', text }).map(each => [each.language, each.code]),
      [
        ['ts', 'const a = 1\n'],
        ['mjs', 'b()\n'],
      ],
    )
  })
})

/** Type-checks all TypeScript under the folder at once; one line for each error. */
async function typeErrors(folder: string): Promise<string[]> {
  const configuration = {
    extends: join(root, 'tsconfig.unbuilt.json'),
    compilerOptions: { rootDir: root, noUnusedLocals: false, noUnusedParameters: false },
    include: [folder],
    exclude: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = ['-p', join(folder, 'tsconfig.json'), '--pretty', 'false']
  const { stdout, hung } = await runScript(tsc, { cwd: folder, args, timeout: 100_000 })
  assert.ok(!hung, 'the type check did not end')
  return stdout.split('\n').filter(line => line.includes('error TS'))
}
