// npm run build [-- --test] [--clean]: builds the library into dist/ and, with --test, the tests into build/test/. Only what
// has changed is done again; --clean begins from nothing.
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import { alone } from './alone.mjs'
import { compile } from './compile.mjs'
import { makeDist } from './dist.mjs'
import { made } from './made.mjs'
import { emitted, modules, root, run, tsc } from './steps.mjs'

const compiledTests = 'build/test'
/** What any part of the build depends on, besides its sources. */
const always = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts']

/** Builds dist/, also where types are wrong. Gives 0, or the exit code of the compiler. */
export function buildLibrary() {
  return alone(async () => {
    const library = { project: 'tsconfig.json', source: 'src', output: emitted }
    const code = await made('library', { reads: [...always, 'src'], writes: [emitted] }, ({ anew }) =>
      compile({ ...library, anew }),
    )
    try {
      await made('dist', { reads: [...always, 'src', emitted], writes: ['dist', modules] }, () => makeDist(emitted))
    } catch (error) {
      if (code === 0) throw error
      console.error(`dist/ is as it was before: ${error.message}`)
    }
    return code
  })
}

/** Compiles the tests, which see the library as dist/ has it. */
export function buildTests() {
  const tests = { project: 'tsconfig.test.json', source: 'test', output: compiledTests }
  const files = {
    reads: [...always, 'tsconfig.test.json', 'test', ...['dist', modules].map(folder => ({ folder, ending: '.d.ts' }))],
    writes: [compiledTests],
  }
  return alone(() => made('tests', files, ({ anew }) => compile({ ...tests, anew })))
}

/** Type-checks what nothing compiles: what Node runs as TypeScript (examples and the task modules of the tests), and the page of the dashboard. */
export async function checkUnbuilt() {
  const page = await run(process.execPath, [tsc, '-p', 'tsconfig.page.json'])
  return (await run(process.execPath, [tsc, '-p', 'tsconfig.unbuilt.json'])) || page
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: { test: { type: 'boolean', default: false }, clean: { type: 'boolean', default: false } },
  })
  if (values.clean) {
    for (const folder of ['dist', modules, emitted, compiledTests])
      await rm(join(root, folder), { recursive: true, force: true })
  }
  const library = await buildLibrary()
  const tests = values.test ? await buildTests() : 0
  process.exitCode = library || tests
  if (library === 0) {
    const { size } = await stat(join(root, 'dist/index.js'))
    console.log(`built dist/ (index.js: ${size} bytes)`)
  }
}
