import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import type { TaskIdentity } from '../call/define/identity.ts'
import { linesOf } from '../core/system/lines.ts'
import { commandText } from './command-text.ts'
import { UsageError } from './exit-codes.ts'

/** The results of an earlier run of `skein map`, as its output file has them. */
export interface Earlier {
  /** Position of each input that was finished -> its JSON text. */
  readonly finished: ReadonlyMap<number, string>
  /** The tasks that the lines name, as `taskLabel` does. */
  readonly tasks: ReadonlySet<string>
  /** The number of inputs that had failed at last. */
  readonly failed: number
  /** The number of lines in the middle of the file that could not be read. */
  readonly damaged: number
  /** True when the last line was cut off and has been taken away. */
  readonly repaired: boolean
}

/**
 * Refuses `skein map … --resume FILE > FILE`, before anything is read: the shell empties FILE first, so that all would run
 * again and two writers would share it.
 *
 * @throws UsageError
 */
export function checkOtherThanStdout(file: string, command: readonly string[]): void {
  if (!existsSync(file)) return
  const there = statSync(file, { bigint: true })
  const stdout = fstatSync(1, { bigint: true })
  if (!there.isFile() || there.dev !== stdout.dev || there.ino !== stdout.ino) return
  const emptied = there.size === 0n ? '. The shell has emptied it already, if there was anything in it' : ''
  throw new UsageError(
    `--resume ${file}: standard output goes to the same file${emptied}. --resume itself adds the results to it, ` +
      `so leave out > ${file} and type: ${commandText(command)}`,
    'map',
  )
}

/**
 * Reads the output of an earlier run, and repairs its end: a last line that a crash cut off is taken away, a missing line
 * end is added. A file that is missing counts as empty.
 *
 * @throws UsageError when the file is not an output of `skein map`; it is then left as it was
 */
export async function readEarlier(file: string, command: string): Promise<Earlier> {
  const finished = new Map<number, string>()
  const failed = new Set<number>()
  const tasks = new Set<string>()
  let damaged = 0
  if (!existsSync(file)) return { finished, tasks, failed: 0, damaged, repaired: false }
  if (statSync(file).isDirectory())
    throw new UsageError(`--resume ${file}: this is a folder, not the output of an earlier run`, command)
  let lines = 0
  let lastBad = false
  for await (const line of linesOf(createReadStream(file))) {
    if (line.trim() === '') continue
    lines++
    const record = recordOf(line)
    lastBad = record === undefined
    if (record?.task !== undefined) tasks.add(record.task)
    if (!record) {
      if (lines === 1 && !line.startsWith('{"index":')) throw notOurs(file, command)
      damaged++
    } else if (record.failed) {
      finished.delete(record.index)
      failed.add(record.index)
    } else {
      finished.set(record.index, record.input)
      failed.delete(record.index)
    }
  }
  const repaired = repairEnd(file, lastBad)
  return { finished, tasks, failed: failed.size, damaged: damaged - (repaired ? 1 : 0), repaired }
}

function notOurs(file: string, command: string): UsageError {
  return new UsageError(
    `--resume ${file}: this is not the output of an earlier 'skein map' (its first line is not a {"index":…,"input":…,"value":…} line), so nothing was written to it`,
    command,
  )
}

/** The name of a task in the lines of a run: file and name, without the folder, which may be another one the next time. */
export function taskLabel({ url, name }: TaskIdentity): string {
  return `${decodeURIComponent(url.slice(url.lastIndexOf('/') + 1))}:${name}`
}

/**
 * Refuses to add results of one task to those of another. The file's ending does not count: a module may have been compiled
 * meanwhile.
 *
 * @throws UsageError
 */
export function checkSameTask(file: string, earlier: Earlier | undefined, label: string, command: string): void {
  const others = [...(earlier?.tasks ?? [])].filter(each => withoutEnding(each) !== withoutEnding(label))
  if (others.length === 0) return
  throw new UsageError(
    `--resume ${file}: this holds the results of ${others.join(' and ')}, not of ${label}; nothing was written to it. Give each task a file of its own`,
    command,
  )
}

function withoutEnding(label: string): string {
  return label.replace(/\.[cm]?[jt]sx?:/, ':')
}

interface EarlierLine {
  readonly index: number
  readonly task: string | undefined
  readonly input: string
  readonly failed: boolean
}

function recordOf(line: string): EarlierLine | undefined {
  try {
    const record = JSON.parse(line) as Partial<Record<'index' | 'task' | 'input' | 'error', unknown>>
    if (typeof record !== 'object' || record === null || !Number.isInteger(record.index) || !('input' in record))
      return undefined
    if (!('value' in record) && !('error' in record)) return undefined
    const task = typeof record.task === 'string' ? record.task : undefined
    return { index: record.index as number, task, input: JSON.stringify(record.input), failed: 'error' in record }
  } catch {
    return undefined
  }
}

/** Makes the file end with a whole line. True when a broken one was cut away. */
function repairEnd(file: string, lastBad: boolean): boolean {
  const handle = openSync(file, 'r+')
  try {
    const { size } = fstatSync(handle)
    if (size === 0 || byteAt(handle, size - 1) === newline) return false
    if (!lastBad) {
      writeSync(handle, '\n', size)
      return false
    }
    ftruncateSync(handle, endOfLastWholeLine(handle, size))
    return true
  } finally {
    closeSync(handle)
  }
}

const newline = 10

function byteAt(handle: number, at: number): number {
  const byte = Buffer.alloc(1)
  readSync(handle, byte, 0, 1, at)
  return byte[0] as number
}

function endOfLastWholeLine(handle: number, size: number): number {
  const block = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - block.length)
    readSync(handle, block, 0, end - start, start)
    const at = block.subarray(0, end - start).lastIndexOf(newline)
    if (at !== -1) return start + at + 1
    end = start
  }
  return 0
}
