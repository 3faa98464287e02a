// Finds what nobody uses: exports that no file imports, files that none loads, dependencies that are not needed; also imports
// of packages that package.json doesn't have. The settings are in knip.jsonc. Part of `npm run lint`, or alone:
// `node scripts/unused.mjs`.
import { pathToFileURL } from 'node:url'
import { knip, run } from './steps.mjs'

/** Prints what is not used. Gives 0 if there is nothing of it. */
export function checkUnused() {
  const cached = ['--cache', '--cache-location', '.cache/unused']
  return run(process.execPath, [knip, '--tsConfig', 'tsconfig.knip.json', '--no-tag-hints', ...cached])
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await checkUnused()
