const root = new URL('../..', import.meta.url).href

/** How a line of a stack begins that is in skein's own code, as it was built and as it was written. */
const own: readonly string[] = ['dist/', 'src/'].flatMap(folder => [
  `${root}${folder}`,
  `${decodeURIComponent(new URL(root).pathname)}${folder}`,
])

/** @internal The lines of a stack that are in the code of the user; undefined where there is none. */
export function userFrames(error: Error | undefined): string | undefined {
  const lines = error?.stack?.split('\n').filter(line => /^\s+at /.test(line))
  const frames = lines?.filter(line => !line.includes('node:internal') && !own.some(start => line.includes(start)))
  return frames === undefined || frames.length === 0 ? undefined : frames.join('\n')
}

/** @internal The nearest place in the code of the user, as `file:///app/main.js:12:3`. */
export function placeOf(error: Error | undefined): string | undefined {
  const line = userFrames(error)?.split('\n')[0]
  return line === undefined ? undefined : (/\(([^()]+)\)$/.exec(line)?.[1] ?? line.replace(/^\s+at (async )?/, ''))
}
