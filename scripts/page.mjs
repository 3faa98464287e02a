// Bundles the page of the dashboard into its script and its styles, from src/dashboard/page/.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './steps.mjs'

/** The folder of the sources of the page, which is not compiled with the rest, and no part of what is published. */
export const pageFolder = 'dashboard/page'

/** Gives the texts of the files of the page by their paths in dist/; none where there is no page, as in tests of the build. */
export async function bundledPage() {
  if (!existsSync(join(root, 'src', pageFolder))) return new Map()
  // Not above: this file is loaded before the development dependencies are installed.
  const { build } = await import('esbuild')
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/preact/package.json'), 'utf8'))
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { page: `src/${pageFolder}/main.tsx`, styles: `src/${pageFolder}/page.css` },
    outdir: join(root, 'dist/dashboard/assets'),
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfigRaw: {},
    legalComments: 'none',
    banner: { js: `/*! With Preact ${version}, (c) 2015-present Jason Miller, MIT License: https://preactjs.com */` },
  })
  return new Map(
    outputFiles.map(({ path, text }) => [`dashboard/assets/${path.endsWith('.css') ? 'page.css' : 'page.js'}`, text]),
  )
}
