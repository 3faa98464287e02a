import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { npm } from '../lib/npm.mjs'

const bench = fileURLToPath(new URL('..', import.meta.url))

/** Bytes, which are the same in every round: of a bundle with what a program imports, or of a package. */
export function measure({ exported, folder }) {
  return exported === undefined ? ofPackage(folder) : ofBundle(exported)
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
