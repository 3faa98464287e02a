import { steady } from '../core/time/platform.ts'
import { closeSync, mkdtempSync, openSync, readSync, rmdirSync, statfsSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { CancelSource } from '../core/errors/errors.ts'
import { messageOf } from '../core/errors/foreign.ts'
import { orDenied } from '../core/errors/permission.ts'
import { type PoolLedger, sourceNumbers, sourceOfNumber, type WorkerLedger } from '../pool/wire/ledger.ts'

/**
 * The ledger between processes, which share no memory: a file on tmpfs that both have open, written and read in place.
 * No byte of it ever reaches a disk, and it has no name: it is unlinked as soon as it is open.
 *
 *     pool's half      4 bytes a slot   generation * 16, + the number of the source when the call is to stop though it has started
 *     worker's half    8 bytes a slot   generation of the call that has started, and when (ms of its ledger clock)
 *
 * The generation counts the calls that a slot has carried, on both sides alike, so nothing has to be reset between them.
 *
 * Started or withdrawn is decided by Dekker's rule: the pool writes its mark and then reads the worker's, the worker writes
 * its mark and then reads the pool's. Reads and writes of one file go through the same page under the kernel's lock, in one
 * order for all, so at least one side sees the other. Where both do, the worker does not run the call.
 */
const poolBytes = 4
/** The low bits of a word of the pool hold the number of a source, or 0; the generation takes the others. */
const sourceBits = 4
const sources = 2 ** sourceBits
const lastGeneration = 2 ** (32 - sourceBits) - 1
const workerBytes = 8

/**
 * The number of bytes of the file that the ledger takes. Behind it are the replies that a process holds back
 * (held-replies.ts).
 */
export function ledgerBytes(slots: number): number {
  return slots * (poolBytes + workerBytes)
}

/**
 * Opens the nameless file for so many slots and returns its descriptor. All of it is written at once, so that nothing that happens to
 * the file system later can be missing to it.
 *
 * @param folders where to put it: the first that takes it. Default: memory where there is a folder for it, else the one for temporary files
 */
export function openLedger(slots: number, folders: readonly string[] = usualFolders()): number {
  const failures: { readonly folder: string; readonly error: unknown }[] = []
  for (const folder of folders) {
    try {
      return openIn(folder, ledgerBytes(slots))
    } catch (error) {
      // Everything that a process needs at once, in the folder that is best for it.
      const said = orDenied(error, { child: true, files: [join(folder, 'skein-*')] })
      if (said !== error) throw said
      failures.push({ folder, error })
    }
  }
  const why = failures.map(({ folder, error }) => `${folder}: ${messageOf(error)}`).join('; ')
  throw new Error(
    `no folder takes the file of ${Math.ceil(ledgerBytes(slots) / 1_024)} KB in which a process and its pool keep account (${why})`,
    { cause: failures.at(-1)?.error },
  )
}

/** The last descriptor may be enough: to remove a folder with all that is in it would take one more. */
function openIn(parent: string, bytes: number): number {
  const folder = mkdtempSync(join(parent, 'skein-'))
  try {
    const path = join(folder, 'nameless')
    const fd = openSync(path, 'w+', 0o600)
    try {
      unlinkSync(path)
      const zeros = Buffer.alloc(bytes)
      for (let at = 0; at < bytes;) at += writeSync(fd, zeros, at, bytes - at, at)
      return fd
    } catch (error) {
      closeSync(fd)
      throw error
    }
  } finally {
    rmdirSync(folder)
  }
}

/** Opens a nameless file for compiled code (code-file.ts). Undefined: there is no room, and it can be done without. */
export function openCodeFile(): number | undefined {
  for (const folder of usualFolders()) {
    try {
      return openIn(folder, 0)
    } catch {
      // The next one may take it.
    }
  }
  return undefined
}

const tmpfs = 0x01021994

/** Node's module is loaded here: the process itself, which has this code, too, does without. */
function folderForTemporaryFiles(): string {
  return process.getBuiltinModule('node:os').tmpdir()
}

function usualFolders(): string[] {
  try {
    if (statfsSync('/dev/shm').type === tmpfs) return ['/dev/shm', folderForTemporaryFiles()]
  } catch {
    // No such folder on this system.
  }
  return [folderForTemporaryFiles()]
}

/** The pool's side. */
export class FilePoolLedger implements PoolLedger {
  readonly size: number
  readonly #fd: number
  readonly #generations: Uint32Array
  readonly #word = new Uint32Array(1)
  readonly #pair = new Uint32Array(2)
  #closed = false

  constructor(fd: number, slots: number) {
    this.#fd = fd
    this.size = slots
    this.#generations = new Uint32Array(slots)
  }

  sent(slot: number): void {
    this.#generations[slot] = this.#generation(slot) + 1
  }

  /** The worker counts what arrives, and this never will. What was withdrawn meanwhile must not hit the next call. */
  unsent(slot: number): void {
    this.#generations[slot] = this.#generation(slot) - 1
    this.#write(slot, 0)
  }

  withdraw(slot: number): boolean {
    this.#write(slot, this.#generation(slot) * sources)
    return this.startedAt(slot) === undefined
  }

  cancel(slot: number, source: CancelSource): void {
    this.#write(slot, this.#generation(slot) * sources + sourceNumbers[source])
  }

  startedAt(slot: number): number | undefined {
    if (this.#closed) return undefined
    const at = this.size * poolBytes + slot * workerBytes
    if (readSync(this.#fd, this.#pair, 0, workerBytes, at) < workerBytes) return undefined // somebody has cut it off
    const generation = this.#generation(slot)
    return generation > 0 && this.#pair[0] === generation ? (this.#pair[1] as number) | 0 : undefined
  }

  #generation(slot: number): number {
    return (this.#generations[slot] as number) & lastGeneration
  }

  #write(slot: number, word: number): void {
    if (this.#closed) return
    this.#word[0] = word
    writeSync(this.#fd, this.#word, 0, poolBytes, slot * poolBytes)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
  }
}

/**
 * The least time between two looks of a running task into the file, in milliseconds: often enough to stop at once, rarely
 * enough to cost nothing.
 */
const lookEvery = 5

/** The outcomes of the claim to a slot in a group. */
const unclaimed = 0
const granted = 1
const refused = 2

/** The worker's side. */
export class FileWorkerLedger implements WorkerLedger {
  readonly #fd: number
  readonly #slots: number
  readonly #generations: Uint32Array
  /** The worker's half as it is in the file. */
  readonly #marks: Uint32Array
  readonly #words: Uint32Array
  readonly #claims: Uint8Array
  readonly #word = new Uint32Array(1)
  readonly #parent = process.ppid
  #lastLook = 0

  constructor(fd: number, slots: number) {
    this.#fd = fd
    this.#slots = slots
    this.#generations = new Uint32Array(slots)
    this.#marks = new Uint32Array(slots * 2)
    this.#words = new Uint32Array(slots)
    this.#claims = new Uint8Array(slots)
  }

  arrived(slot: number): void {
    this.#generations[slot] = ((this.#generations[slot] as number) + 1) & lastGeneration
  }

  start(slot: number, at: number): boolean {
    const claim = this.#claims[slot]
    if (claim !== unclaimed) {
      this.#claims[slot] = unclaimed
      return claim === granted
    }
    this.#marks[slot * 2] = this.#generations[slot] as number
    this.#marks[slot * 2 + 1] = at
    this.#writeMarks(slot, slot)
    return this.#read(slot) >>> sourceBits !== this.#generations[slot]
  }

  /** One write and one read for all: first every mark, then every withdrawal, as Dekker's rule wants it. */
  readonly startGroup = (slots: readonly number[], at: number): void => {
    let first = this.#slots
    let last = 0
    for (const slot of slots) {
      this.#marks[slot * 2] = this.#generations[slot] as number
      this.#marks[slot * 2 + 1] = at
      if (slot < first) first = slot
      if (slot > last) last = slot
    }
    this.#writeMarks(first, last)
    readSync(this.#fd, this.#words, 0, (last - first + 1) * poolBytes, first * poolBytes)
    for (const slot of slots) {
      const isWithdrawn = (this.#words[slot - first] as number) >>> sourceBits === this.#generations[slot]
      this.#claims[slot] = isWithdrawn ? refused : granted
    }
  }

  /** Marks between the first and the last that belong to other slots are written again as they were. */
  #writeMarks(first: number, last: number): void {
    const bytes = (last - first + 1) * workerBytes
    writeSync(this.#fd, this.#marks, first * workerBytes, bytes, this.#slots * poolBytes + first * workerBytes)
  }

  begin(slot: number, at: number): void {
    this.#marks[slot * 2 + 1] = at
    this.#writeMarks(slot, slot)
  }

  cancelledBy(slot: number): CancelSource | undefined {
    const now = steady()
    if (now - this.#lastLook < lookEvery) return undefined
    this.#lastLook = now
    // A task inside a synchronous loop never hears that its pool has died; nobody waits for it then.
    if (process.ppid !== this.#parent) process.exit(1)
    const word = this.#read(slot)
    return word >>> sourceBits === this.#generations[slot] ? sourceOfNumber[word % sources] : undefined
  }

  #read(slot: number): number {
    readSync(this.#fd, this.#word, 0, poolBytes, slot * poolBytes)
    return this.#word[0] as number
  }
}
