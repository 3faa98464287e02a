import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { transform } from 'esbuild'
import { root } from './support/paths.ts'
import { tools } from './support/tools.ts'

const page = readFileSync(join(root, 'docs/guide/bundlers-and-test-runners.md'), 'utf8')
const strips = Boolean((process.features as { typescript?: unknown }).typescript)
const major = Number(process.versions.node.split('.')[0])

/** What the recipes need beside the development dependencies of skein. */
const packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Rollup: { rollup: '4.68.8', '@rollup/plugin-node-resolve': '16.0.3' },
  Rolldown: { rolldown: '1.3.3' },
  webpack: { webpack: '5.113.0', 'webpack-cli': '7.3.1' },
  Rspack: { '@rspack/core': '2.3.4', '@rspack/cli': '2.2.8' },
  Vite: { vite: '8.4.0' },
  // 3 is the one that renames functions; 5 needs Node 22.
  Vitest: { vitest: major < 22 ? '3.2.7' : '5.1.2' },
  Jest: { jest: '30.5.2' },
}

interface Section {
  readonly title: string
  readonly files: readonly (readonly [name: string, text: string])[]
  readonly commands: readonly string[]
}

const [opening = '', ...rest] = page.split(/^## /m)
const sections: readonly Section[] = [opening, ...rest].map(text => ({
  title: text.split('\n', 1)[0] ?? '',
  files: [...text.matchAll(/^```(?:js|ts|json)\n\/\/ (\S+)\n([\s\S]*?)^```/gm)].map(
    ([, name = '', code = '']) => [name, code] as const,
  ),
  commands: [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, code = '']) => code.trim().split('\n')),
}))
const shared = sections.find(({ title }) => title === 'Three rules')
const recipes = sections.filter(({ commands }) => commands.length > 0)

describe('the page of bundlers and test runners', { timeout: 900_000 }, () => {
  /** The folders in which recipes were carried out. */
  const projects: string[] = []

  test('has a recipe for each tool that it calls one that works', () => {
    const linked = [...opening.matchAll(/\]\(#([\w-]+)\)/g)].map(([, link]) => link)
    const there = recipes.map(({ title }) =>
      title
        .toLowerCase()
        .replace(/[^\w ]/g, '')
        .replaceAll(' ', '-'),
    )
    assert.deepEqual(linked.toSorted(), there.toSorted())
    assert.ok(there.length >= 13)
  })

  for (const { title, files, commands } of recipes) {
    test(`does as it says with ${title}`, async t => {
      if (title === 'Node itself' && !strips) return
      const folder = await tools(packages[title] ?? {})
      if (folder === undefined) {
        // A registry that has no such package today says nothing of skein, so this is said, and fails nothing where a skip would.
        const words = `NOT TRIED, since the registry does not have what it needs: the recipe for ${title}`
        if (process.env['CI'] !== 'true') return t.skip(words)
        return console.error(words)
      }
      const project = join(folder, 'recipes', title.replaceAll(/\W+/g, '-'))
      projects.push(project)
      rmSync(project, { recursive: true, force: true })
      mkdirSync(project, { recursive: true })
      writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
      for (const [name, text] of [...(shared?.files ?? []), ...files]) {
        writeFileSync(join(project, name), text)
        if (/^(?:main|tasks)\.ts$/.test(name)) await writeJavaScript(project, name, text)
      }
      for (const command of commands) {
        const given = strips ? command : command.replace('node --test', 'node --import tsx --test')
        const { code, output } = await run(given, project)
        assert.equal(code, 0, `${given}\n${output}`)
        if (/^node (?!--test)|^npx tsx/.test(command)) {
          assert.equal(output, command.includes('program.cjs') ? '42\n' : '42\n42\n', command)
        }
        if (command.includes('test')) assert.match(output, /\b1 passed|# pass 1|ℹ pass 1/, `${given}\n${output}`)
      }
    })
  }

  test('has bundles that run elsewhere, without the sources and without skein', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'skein-elsewhere-'))
    const bundles: string[] = []
    for (const project of projects) {
      for (const name of ['app.mjs', 'app.cjs', 'small.mjs']) {
        if (!existsSync(join(project, name))) continue
        const own = join(elsewhere, `${bundles.length}`)
        mkdirSync(own, { recursive: true })
        cpSync(join(project, name), join(own, name))
        bundles.push(join(own, name))
      }
      rmSync(project, { recursive: true, force: true })
    }
    assert.ok(bundles.length >= 3)
    for (const path of bundles) {
      const { code, output } = await run(`node ${path}`, dirname(path))
      assert.equal(code, 0, `${path}\n${output}`)
      assert.equal(output, '42\n42\n')
    }
    rmSync(elsewhere, { recursive: true, force: true })
  })

  /** Runs a command of the page with the tools in the folder, without npx. */
  function run(command: string, cwd: string): Promise<{ code: number | null; output: string }> {
    const words = command.replace(/\bnpx /, '')
    const bins = [join(cwd, '../../node_modules/.bin'), join(root, 'node_modules/.bin')]
    const path = [...bins, dirname(process.execPath), process.env['PATH']]
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...environment } = process.env
    const env = { ...environment, PATH: path.join(delimiter), NO_COLOR: '1', FORCE_COLOR: '0', CI: 'true' }
    return new Promise((resolve, reject) => {
      const child = spawn(words, { cwd, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (output += text))
      }
      child.once('error', reject)
      child.once('close', code => resolve({ code, output }))
    })
  }
})

/** What a compiler makes of one of the files that the recipes share. */
async function writeJavaScript(project: string, name: string, text: string): Promise<void> {
  const { code } = await transform(text, { loader: 'ts', format: 'esm', keepNames: false })
  writeFileSync(
    join(project, name.replace(/\.ts$/, '.js')),
    code.replace("./tasks.ts'", "./tasks.js'").replace('./tasks.ts"', './tasks.js"'),
  )
}
