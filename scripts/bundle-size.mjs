// npm run size [-- names…]: what a program that imports these names of skein gets into its bundle, in bytes, and which
// modules they are from.  npm run size -- 'scope, sleep'; '*' is all of skein. Build it first.
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { emitted, root } from './steps.mjs'

/**
 * Bundles a program that imports these names from the package as it is built, as its users do. Gives the bytes of the bundle,
 * minified, and gzipped. `names`: `'scope, sleep'`; `'*'` for all that there is. `door`: the module that is imported.
 */
export async function bundled(names, door = 'dist/index.js') {
  const { build } = await import('esbuild')
  const path = JSON.stringify(join(root, door))
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `export ${names === '*' ? names : `{ ${names} }`} from ${path}`,
      resolveDir: root,
    },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    write: false,
    metafile: true,
  })
  const [{ contents }] = outputFiles
  const [{ inputs }] = Object.values(metafile.outputs)
  return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length, inputs }
}

/** The statements of a module that no bundler can leave out, because they may do something when they run, and all that they need. */
export async function effectsOf(path) {
  const { build } = await import('esbuild')
  const withEffects = ({ onResolve }) =>
    onResolve({ filter: /^/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path, sideEffects: true, external: !path.startsWith(root) },
    )
  const { outputFiles } = await build({
    stdin: { contents: `import ${JSON.stringify(join(root, path))}`, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    plugins: [{ name: 'with effects', setup: withEffects }],
  })
  return outputFiles[0].text.replace(/^(?:\/\/|import) .*\n/gm, '')
}

/** The bytes in such a bundle of each module, largest first, before they were joined: after that they have no names. */
async function modulesOf(names) {
  const { inputs } = await bundled(names, `${emitted}/index.js`)
  return Object.entries(inputs)
    .map(([path, { bytesInOutput }]) => ({ path: relative(emitted, path), bytes: bytesInOutput }))
    .filter(({ bytes }) => bytes > 0)
    .sort((one, two) => two.bytes - one.bytes)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const asked = process.argv.slice(2)
  for (const names of asked.length > 0 ? asked : ['scope', 'Semaphore', 'retry', '*']) {
    const { minified, gzipped } = await bundled(names)
    console.log(`${names}: ${gzipped} bytes gzipped, ${minified} minified`)
    if (asked.length > 0)
      for (const { path, bytes } of await modulesOf(names)) console.log(`${String(bytes).padStart(8)}  ${path}`)
  }
}
