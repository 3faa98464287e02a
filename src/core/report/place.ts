import { fileOfCaller } from './own-file.ts'

let found: readonly string[] | undefined

/**
 * The beginnings of the places in skein's own code: as it was built, in dist/, most of it joined into one file, and as it was written, in
 * src/. None, if a bundler has mixed it with the user's. Looked for when something asks, and not while skein is loaded.
 */
function ownPlaces(): readonly string[] {
  if (found !== undefined) return found
  const home = /^(.*\/)dist\/(?:joined\/(?:worker\/)?\w+|core\/report\/place)\.js$/.exec(fileOfCaller() ?? '')?.[1]
  found =
    home === undefined
      ? []
      : ['dist/', 'src/'].flatMap(folder => [
          `${home}${folder}`,
          `${decodeURIComponent(new URL(home).pathname)}${folder}`,
        ])
  return found
}

/** @internal True if a bundler has put skein's code into a file of the program. */
export function isBundled(): boolean {
  return ownPlaces().length === 0
}

/** @internal True if a line of a stack is in skein's own code. */
export function isOwnFrame(line: string): boolean {
  return ownPlaces().some(start => line.includes(start))
}

/** @internal The lines of a stack that are in the code of the user; undefined where there are none. */
export function userFrames(error: Error | undefined): string | undefined {
  const lines = error?.stack?.split('\n').filter(line => /^\s+at /.test(line))
  const frames = lines?.filter(line => !line.includes('node:internal') && !isOwnFrame(line))
  return frames === undefined || frames.length === 0 ? undefined : frames.join('\n')
}

/** @internal The nearest place in the code of the user, as `file:///app/main.js:12:3`. */
export function placeOf(error: Error | undefined): string | undefined {
  const line = userFrames(error)?.split('\n')[0]
  return line === undefined ? undefined : (/\(([^()]+)\)$/.exec(line)?.[1] ?? line.replace(/^\s+at (async )?/, ''))
}
