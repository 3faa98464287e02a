import { steady } from '../../core/time/platform.ts'
import { isOwnFrame } from '../../core/report/place.ts'

/** The place where a call was submitted, as V8 recorded it; the text is only made when it is asked for. */
export interface SubmitSite {
  readonly stack?: string
}

const always = process.env['SKEIN_DEBUG'] === '1'
/**
 * Recording a stack costs more than handing over a small call, so after it comes a pause, unless debugging: so many times as long as
 * it took, but within these bounds, in milliseconds.
 */
const pauseTimes = 400
const shortestPause = 1
const longestPause = 20
let pauseEnd = 0

/**
 * Records who is submitting a call. A program that submits now and then has it for each of its errors; one that submits
 * thousands in a millisecond has it for the first of them, or for all with SKEIN_DEBUG=1.
 */
export function recordSite(): SubmitSite | undefined {
  const begun = always ? 0 : steady()
  if (begun < pauseEnd) return undefined
  const site = captureSite(recordSite)
  if (!always) {
    const ended = steady()
    pauseEnd = ended + Math.min(Math.max(shortestPause, (ended - begun) * pauseTimes), longestPause)
  }
  return site
}

/** Records who has called, and who awaits the callers: at a cost that is fit for failures. */
export function captureSite(below: (...args: never[]) => unknown = captureSite): SubmitSite {
  const site: SubmitSite = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 16
  Error.captureStackTrace(site, below)
  Error.stackTraceLimit = limit
  return site
}

/** Frames that say nothing to the caller, beside skein's own: Node's, and the promise that `run` makes. */
const hidden = ['node:', 'new Promise (<anonymous>)']

/** The caller's frames, without skein's own and Node's; undefined where there are none. */
export function describeSite(site: SubmitSite | undefined): string | undefined {
  const frames = site?.stack
    ?.split('\n')
    .filter(line => line.startsWith('    at ') && !isOwnFrame(line) && !hidden.some(part => line.includes(part)))
  return frames && frames.length > 0 ? frames.slice(0, 6).join('\n') : undefined
}
