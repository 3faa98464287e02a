import { createReadStream } from 'node:fs'
import { MalformedMessageError, StoreError } from '../../../core/errors/errors.ts'
import { messageOf } from '../../../core/errors/foreign.ts'
import { linesOf } from '../../../core/system/lines.ts'
import type { ScheduleState } from '../../../stores/roles/schedules.ts'
import type { MovedCall, MovedMember } from '../../../stores/roles/transfer.ts'

/** The version of the lines below: a reader of an older one does not know them. */
export const exportVersion = 1

/** A line of an export, in the order in which they come. The last one says how many of each there were: without it the file is cut off. */
export type ExportLine =
  | { readonly kind: 'skein export'; readonly version: number; readonly store: string; readonly at: string }
  | { readonly kind: 'queue'; readonly queue: string; readonly paused: true }
  | { readonly kind: 'schedule'; readonly name: string; readonly state: ScheduleState }
  | { readonly kind: 'member'; readonly member: MovedMember }
  | { readonly kind: 'job'; readonly job: Omit<MovedCall, 'place'> }
  | { readonly kind: 'end'; readonly counts: ExportCounts }

/** The numbers of an export. */
export interface ExportCounts {
  readonly queues: number
  readonly schedules: number
  readonly members: number
  readonly jobs: number
}

/** The numbers before anything was read or written. */
export function noCounts(): { -readonly [K in keyof ExportCounts]: number } {
  return { queues: 0, schedules: 0, members: 0, jobs: 0 }
}

/** The field of the numbers that a line counts in. */
export const countedAs = { queue: 'queues', schedule: 'schedules', member: 'members', job: 'jobs' } as const

/**
 * Reads the lines of an export one after the other. The first has been checked, and with the last one it is sure that none is missing.
 *
 * **Errors**: `SKEIN_STORE_VERSION` for one of a newer skein; `SKEIN_MALFORMED_MESSAGE` with the number of the line for anything else
 * that is not as `skein export` has written it.
 */
export async function* readExport(path: string): AsyncGenerator<Exclude<ExportLine, { kind: 'skein export' | 'end' }>> {
  const counts = noCounts()
  let number = 0
  let isWhole = false
  for await (const text of linesOf(createReadStream(path))) {
    number++
    const line = lineOf(path, number, text)
    if (number === 1) checkHead(path, line)
    else if (isWhole) throw malformed(path, number, 'there is a line after the last one')
    else if (line.kind === 'end') {
      checkCounts(path, number, line.counts, counts)
      isWhole = true
    } else if (line.kind === 'skein export' || !Object.hasOwn(countedAs, line.kind)) {
      throw malformed(path, number, `its kind is ${JSON.stringify(line.kind)}`)
    } else if (!hasContent(line)) throw malformed(path, number, `it has no ${line.kind}`)
    else {
      counts[countedAs[line.kind]]++
      yield line
    }
  }
  if (!isWhole) throw malformed(path, number + 1, 'the file is cut off: its last line is missing')
}

function lineOf(path: string, number: number, text: string): ExportLine {
  try {
    const line: unknown = JSON.parse(text)
    if (typeof line === 'object' && line !== null && 'kind' in line) return line as ExportLine
  } catch (error) {
    throw malformed(path, number, `it is not JSON (${messageOf(error)})`)
  }
  throw malformed(path, number, 'it has no kind')
}

/** True where the line has what its kind says; the store looks at the rest. */
function hasContent(line: Exclude<ExportLine, { kind: 'skein export' | 'end' }>): boolean {
  switch (line.kind) {
    case 'queue':
      return isName(line.queue)
    case 'schedule':
      return isName(line.name) && isObject(line.state)
    case 'member':
      return isObject(line.member)
    case 'job':
      return isObject(line.job)
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function checkHead(path: string, line: ExportLine): void {
  if (line.kind !== 'skein export') throw malformed(path, 1, 'it does not begin like an export')
  if (line.version === exportVersion) return
  throw new StoreError(
    'SKEIN_STORE_VERSION',
    `${path} was written by a newer skein: it has version ${String(line.version)}, and this one reads version ${exportVersion}. Nothing ` +
      'was taken in. Upgrade skein, or export again with this one.',
    { store: path },
  )
}

function checkCounts(path: string, number: number, said: ExportCounts, found: ExportCounts): void {
  for (const name of Object.keys(found) as (keyof ExportCounts)[]) {
    if (said?.[name] !== found[name])
      throw malformed(path, number, `it says ${String(said?.[name])} ${name}, and there are ${found[name]}`)
  }
}

function malformed(path: string, line: number, why: string): MalformedMessageError {
  return new MalformedMessageError(`Line ${line} of ${path} is not as skein export writes it: ${why}`)
}
