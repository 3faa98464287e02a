// Makes what a worker starts with where its program compiles the code for it, out of the parts that it needs: the files that stand for
// these parts where the condition `skein-worker` is set, and take everything out of what was compiled; and the first files of a thread and a
// process, which are CommonJS so that nothing is waited for.
import { dirname, join } from 'node:path'
import { pathIn } from './files.mjs'
import { joining, mangled, resolvingOfNode, withoutNodeImports } from './modules.mjs'
import { root } from './steps.mjs'

/** The parts that a worker has as scripts, in the order of `src/pool/wire/joined.ts`, which makes them of the joined files. */
export const inScript = ['front', 'host']

const comment = '// Joined modules. A worker takes them as a script: see src/pool/wire/joined.ts.'
const importLine = /^import \{ (.*) \} from "(.*)";$/gm

/** A part with all that it imports in its first line, where a worker changes it: a comment where it imports nothing. All others stay where they are. */
export function importingFirst(text) {
  const found = [...text.matchAll(importLine)]
  const sources = new Set(found.map(([, , source]) => source))
  if (sources.size > 1) throw new Error(`a part of the script imports from more than one: ${[...sources].join(', ')}`)
  const [source] = sources
  const names = found.map(([, list]) => list).join(', ')
  const first = source === undefined ? comment : `import { ${names} } from "${source}";`
  const [, ...lines] = text.replace(importLine, '').split('\n')
  return [first, ...lines].join('\n')
}

/** From what in dist/ to what: a thread's, a process's. */
const quick = [
  ['threads/quick-bootstrap.js', 'threads/bootstrap.cjs'],
  ['processes/quick-bootstrap.js', 'processes/bootstrap.cjs'],
]

/** Gives the texts of these files, by their paths in dist/. */
export async function workerCode(folder, { texts, partOf, names, build }) {
  const base = join(root, folder)
  const own = [...partOf.keys()].filter(path => inScript.includes(partOf.get(path)))
  const bundle = async options => (await build({ ...joining, absWorkingDir: base, ...options })).outputFiles[0].text
  const plugins = [resolvingOfNode, reading(base, texts)]
  const made = new Map()
  if (texts.has('pool/wire/joined.js')) {
    const stand = async (path, part, items) =>
      made.set(
        path,
        await bundle({
          stdin: { contents: standIn(part, items), resolveDir: base },
          plugins,
          format: 'esm',
          minifyWhitespace: true,
        }),
      )
    for (const part of inScript) {
      const all = own
        .filter(path => partOf.get(path) === part)
        .flatMap(path => names.get(path).map(name => mangled(path, name)))
      await stand(
        `joined/worker/${part}.js`,
        part,
        all.map(name => [name, name]),
      )
    }
    await stand(
      'joined/worker/index.js',
      partOf.get('index.js'),
      names.get('index.js').map(name => [mangled('index.js', name), name]),
    )
  }
  for (const [from, to] of quick.filter(([path]) => texts.has(path)))
    made.set(to, await bundle({ entryPoints: [join(base, from)], plugins, format: 'cjs' }))
  return made
}

/** Lets esbuild read the modules from the texts, not from the disk. */
const reading = (base, texts) => ({
  name: 'texts',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      const contents = withoutNodeImports(texts.get(pathIn(base, path)))
      return { contents, resolveDir: dirname(path) }
    }),
})

/** The text of a module that exports what the script of a part has, under other names. */
function standIn(part, items) {
  const taken = items.map(([name, as]) => `${name}: ${as}`)
  return `import { joined } from './pool/wire/joined.js'\nexport const { ${taken.join(', ')} } = joined()[${inScript.indexOf(part)}]\n`
}
