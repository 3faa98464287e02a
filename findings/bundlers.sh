#!/usr/bin/env bash
# TypeScript 7.0.2, @rspack/core 2.3.4, webpack 5.113.0: with `rewriteRelativeImportExtensions`, tsc wraps what a dynamic import is given
# in a call of a helper, and the comment `/* webpackIgnore: true */` goes into that call. Rspack then no longer honours it: the import is
# replaced by a function that finds no module, with a warning of an unknown path. webpack honours it there as well.
#
# Without skein. Needs the npm registry, Node 20.19 or newer. Ends with 0 as long as that is so, and with 1 once it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund typescript@7.0.2 @rspack/core@2.3.4 webpack@5.113.0
cat > load.ts <<'TS'
export const load = (url: string): Promise<unknown> => import(/* webpackIgnore: true */ url)
TS
cat > run.mjs <<'JS'
import { rspack } from '@rspack/core'
import webpack from 'webpack'

const [, , rewrites] = process.argv
for (const [name, bundle] of Object.entries({ rspack, webpack })) {
  const output = { path: process.cwd(), filename: `${name}-${rewrites}.mjs`, module: true, library: { type: 'module' } }
  const entry = `./compiled-${rewrites}/load.js`
  await new Promise((resolve, reject) =>
    bundle({ mode: 'none', target: 'node', entry, experiments: { outputModule: true }, output }, error =>
      error ? reject(error) : resolve(),
    ),
  )
  const { load } = await import(`${output.path}/${output.filename}`)
  const outcome = await load('node:path').then(
    () => 'imports node:path',
    error => error.message,
  )
  console.log(`rewriteRelativeImportExtensions ${rewrites}, ${name}: ${outcome}`)
}
JS
for rewrites in false true; do
  npx tsc load.ts --ignoreConfig --module nodenext --target es2023 --rewriteRelativeImportExtensions "$rewrites" --outDir "compiled-$rewrites"
  tail -n 1 "compiled-$rewrites/load.js"
  node run.mjs "$rewrites"
done | tee printed
diff printed - <<'TXT' && echo 'as described'
export const load = (url) => import(/* webpackIgnore: true */ url);
rewriteRelativeImportExtensions false, rspack: imports node:path
rewriteRelativeImportExtensions false, webpack: imports node:path
export const load = (url) => import(__rewriteRelativeImportExtension(/* webpackIgnore: true */ url));
rewriteRelativeImportExtensions true, rspack: Cannot find module 'node:path'
rewriteRelativeImportExtensions true, webpack: imports node:path
TXT
