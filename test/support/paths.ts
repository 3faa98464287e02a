import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The folder of the repository, seen from the compiled tests in build/test/support/. */
export const root: string = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** The path of a file in test/fixtures, in its source place: fixtures are loaded as they are and never compiled. */
export function fixture(name: string): string {
  return join(root, 'test', 'fixtures', name)
}

/** The URL of a file in test/fixtures, for dynamic import and for task identities. */
export function fixtureUrl(name: string): string {
  return pathToFileURL(fixture(name)).href
}
