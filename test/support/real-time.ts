import { sourceFiles } from './sources.ts'

/** A place in the tests where the time of the machine passes. */
export interface RealWait {
  readonly path: string
  readonly line: number
  /** What is written there. */
  readonly text: string
}

/** So long that no test waits for its end: what sleeps so long is there to be cancelled. */
const endless =
  /^(?:Infinity|Number\.POSITIVE_INFINITY|'\d+ ?(?:m|min|h|d)'|[6-9]0_000|\d{3,}_000|\d+_\d{3}_\d{3}|1e[5-9])$/

/** A turn of the event loop, no length of time. */
const turn = /^0$/

/**
 * Where the sources of the tests wait for time to pass, other than on a virtual clock: timers of the platform, and sleeps of
 * skein in a test that does not turn its own clock.
 *
 * It reads the text, test by test. A file that has a virtual clock outside of its tests has it for all of them.
 */
export function realWaits(): RealWait[] {
  const found: RealWait[] = []
  for (const { path, text } of sourceFiles('test', '.ts')) {
    for (const { from, body, virtual } of blocksOf(text)) {
      const lines = body.split('\n')
      for (const [at, line] of lines.entries()) {
        if (/^\s*(?:\/\/|\*|\/\*)/.test(line)) continue
        const platform = /\bsetTimeout\(|\bscheduler\.wait\(|'node:timers\/promises'/.test(line)
        const sleeps = [...line.matchAll(/\bsleep\(([^(),]*)/g)].map(match => (match[1] as string).trim())
        const real = sleeps.some(length => length !== '' && !turn.test(length) && !endless.test(length))
        if (platform || (real && !virtual)) found.push({ path, line: from + at, text: line.trim() })
      }
    }
  }
  return found
}

/** The parts of a file: what comes before the first test, and each test. */
function blocksOf(text: string): { readonly from: number; readonly body: string; readonly virtual: boolean }[] {
  const isVirtual = (part: string): boolean => /\b(?:inVirtualTime|virtualClock|turnableClock)\(/.test(part)
  const blocks: { from: number; lines: string[] }[] = [{ from: 1, lines: [] }]
  for (const [at, line] of text.split('\n').entries()) {
    if (/^ *(?:test|it)\(/.test(line)) blocks.push({ from: at + 1, lines: [] })
    blocks.at(-1)?.lines.push(line)
  }
  const everywhere = /^const \w+ = virtualClock\(/m.test(text)
  return blocks.map(({ from, lines }) => {
    const body = lines.join('\n')
    return { from, body, virtual: everywhere || isVirtual(body) }
  })
}
