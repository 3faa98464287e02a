import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { npm } from '../lib/npm.mjs'
import { definitionsIn } from '../../scripts/definitions.mjs'
import { root, run } from '../../scripts/steps.mjs'

const bench = fileURLToPath(new URL('..', import.meta.url))

/** Bytes, which are the same in every round: of a bundle with what a program imports, or of a package; of skein's, what can be read in it. */
export async function measure({ exported, folder, readable }) {
  if (exported !== undefined) return ofBundle(exported)
  return { ...(await ofPackage(folder)), ...(readable ? await ofDefinitions() : {}) }
}

/** @param exported what is taken from each module: `scope`, or `*`; a path is one of the folder of the bench */
async function ofBundle(exported) {
  const lines = exported.map(([names, module]) => `export ${names === '*' ? names : `{ ${names} }`} from '${module}'`)
  const { outputFiles } = await build({
    stdin: { contents: lines.join('\n'), resolveDir: bench },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    write: false,
  })
  const [{ contents }] = outputFiles
  return { gzipped: gzipSync(contents, { level: 9 }).length / 1000, minified: contents.length / 1000 }
}

/** What npm would pack, and what it comes to on a disk. */
async function ofPackage(folder) {
  const packed = JSON.parse(await npm(['pack', '--dry-run', '--json', '--ignore-scripts'], join(bench, folder)))
  // A list, or an object by name, as the version of npm has it.
  const [{ size, unpackedSize, entryCount }] = Object.values(packed)
  return { packed: size / 1e6, unpacked: unpackedSize / 1e6, files: entryCount }
}

/** How many of the declarations lead to readable code in the package, in percent. */
async function ofDefinitions() {
  const copy = mkdtempSync(join(root, 'build', 'published-'))
  try {
    cpSync(join(root, 'dist'), copy, { recursive: true })
    const code = await run(process.execPath, ['scripts/published.mjs', `build/${basename(copy)}`])
    if (code !== 0) throw new Error(`scripts/published.mjs ended with ${code}`)
    const all = definitionsIn(copy)
    return { definitionsPercent: (100 * all.filter(({ found }) => found).length) / all.length }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}
