// Makes what a worker starts with where its program compiles the code for it: the parts that it needs once more, as one script, since
// V8 takes compiled code only for a script; the files that stand for these parts where the condition `skein-worker` is set, and take
// everything out of the script; and the first files of a thread and a process, which are CommonJS so that nothing is waited for.
import { dirname, join } from 'node:path'
import { pathIn } from './files.mjs'
import { allOf, itemsOf, joining, mangled, resolvingOfNode, withoutNodeImports } from './modules.mjs'
import { root } from './steps.mjs'

/** The parts that are in the script. */
export const inScript = ['front', 'host']

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
  const contents = own.map(path => allOf(path, names)).join('\n')
  const script = await bundle({
    stdin: { contents, resolveDir: base },
    plugins: [resolvingOfNode, reading(base, texts, text => text.replace(/(?<=^ +return )import\(/m, `${importing}(`))],
    format: 'esm',
    minifyWhitespace: true,
    lineLimit: 160,
  })
  made.set('joined/worker/script.js', asScript(script))
  if (texts.has('pool/wire/joined.js')) {
    const stand = async (path, items) =>
      made.set(
        path,
        await bundle({
          stdin: { contents: standIn(items), resolveDir: base },
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
        all.map(name => [name, name]),
      )
    }
    await stand(
      'joined/worker/index.js',
      names.get('index.js').map(name => [mangled('index.js', name), name]),
    )
  }
  for (const [from, to] of quick.filter(([path]) => texts.has(path)))
    made.set(to, await bundle({ entryPoints: [join(base, from)], plugins, format: 'cjs' }))
  return made
}

/** What a script that was compiled elsewhere has instead of `import()`, which it can't use. */
const importing = 'importUrl_'

/** Lets esbuild read the modules from the texts, changed: a script has no imports. */
const reading = (base, texts, change = text => text) => ({
  name: 'script',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      const contents = withoutNodeImports(change(texts.get(pathIn(base, path))))
      return { contents, resolveDir: dirname(path) }
    }),
})

/** The text of a module that exports what the script has, under other names. */
function standIn(items) {
  const taken = items.map(([name, as]) => `${name}: ${as}`)
  return `import { joined } from './pool/wire/joined.js'\nexport const { ${taken.join(', ')} } = joined()\n`
}

/** The text of a module without imports as a function that returns what the module exports. */
function asScript(text) {
  const [exported, list] = /\bexport\{([^}]*)\};?\s*$/.exec(text) ?? []
  if (exported === undefined || /^(import|export)\b|\bimport\(/m.test(text.slice(0, -exported.length)))
    throw new Error('the modules of a worker cannot be made a script')
  const entries = itemsOf(list).map(({ name, alias }) => `${alias}:${name}`)
  return `(function(${importing}){"use strict";${text.slice(0, -exported.length)}\nreturn{${entries.join(',\n')}}})\n`
}
