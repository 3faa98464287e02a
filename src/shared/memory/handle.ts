import { knowShared } from '../../call/codec/class-registry.ts'
import type { sendable } from '../../call/define/sendable.ts'
import { brandClass, brandOf } from '../../core/brand.ts'
import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { fileOfCaller } from '../../core/report/own-file.ts'
import type { Scope } from '../../core/scope/scope.ts'
import { adoptThreadTable, freshId, threadTable } from '../../core/system/thread-table.ts'
import { type Kind, kinds } from './kinds.ts'
import { watchWorkers } from './own-workers.ts'

/** The words that every handle begins with: what it is, and its number in this program. */
export const headWords = 2

/**
 * A handle as plain data that structured clone carries: what `packShared` returns. Its contents are for `unpackShared` alone.
 */
export interface SharedForm {
  readonly kind: string
  readonly memory: SharedArrayBuffer
  readonly table: SharedArrayBuffer
  readonly name: string | undefined
  readonly url: string | undefined
  /** The rest that the class needs. */
  readonly more: unknown
}

/** In the place of the options of a constructor: memory that is there already. */
export class Arrived {
  readonly words: Int32Array
  readonly name: string | undefined
  readonly more: unknown

  constructor(words: Int32Array, name: string | undefined, more: unknown) {
    this.words = words
    this.name = name
    this.more = more
  }
}

// Here, and not with the first handle: a Worker that gets one may have been started before that.
watchWorkers()

const handles = new Map<number, WeakRef<SharedHandle>>()
const dropped = /* @__PURE__ */ new FinalizationRegistry<number>(id => {
  if (handles.get(id)?.deref() === undefined) handles.delete(id)
})

/** The mark that tells the types that a handle may be an argument. */
interface Travelling {
  readonly [sendable]: true
}
const Travels: abstract new () => Travelling = class {} as never

/** Anything of `skein/shared`: an object of this thread that stands for memory which other threads see as well. */
export abstract class SharedHandle extends Travels {
  /** Its name in errors. */
  readonly name: string | undefined
  /** Its title in errors: `mutex 'stock'`. */
  readonly title: string
  /** @internal */
  readonly words: Int32Array

  /** @internal */
  constructor(kind: Kind, title: string, given: Arrived | NewMemory) {
    super()
    this.name = given.name
    this.title = given.name === undefined ? title : `${title} '${given.name}'`
    if (given instanceof Arrived) this.words = given.words
    else {
      this.words = new Int32Array(memoryOf((headWords + given.words) * 4, this.title))
      this.words[0] = kinds[kind]
      this.words[1] = freshId()
    }
    const id = this.words[1] as number
    handles.set(id, new WeakRef(this))
    dropped.register(this, id)
  }

  /** @internal The holders in this thread, where it is a lock. */
  holds(): readonly Holding[] {
    return none
  }

  /** @internal The things that another thread needs beside the memory and the name. */
  more(): unknown {
    return undefined
  }
}

/** One that holds a lock. */
export interface Holding {
  readonly by: Scope | undefined
  /** 1; or -1 for one that does not hold it yet, but keeps the others out already. */
  readonly kind: 1 | -1
  /** The place where it was taken; only with `SKEIN_DEBUG=1`. */
  readonly since: Error | undefined
}

const none: readonly Holding[] = []

/** All handles of this thread. */
export function* handlesHere(): Generator<SharedHandle, void, undefined> {
  for (const each of handles.values()) {
    const handle = each.deref()
    if (handle !== undefined) yield handle
  }
}

/** The needs of a new handle. */
export interface NewMemory {
  readonly words: number
  readonly name: string | undefined
}

/** Shared memory, or an error that says that it is too much. */
function memoryOf(bytes: number, title: string): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes)
  } catch (error) {
    throw new InvalidArgumentError(
      `${title} needs ${bytes.toLocaleString('en')} bytes of shared memory, more than this machine gives: make it smaller, or several of them.`,
      { cause: error },
    )
  }
}

/** The length of the memory of a kind: so many words beside the head, or what a function finds right. */
export type Length = number | ((words: Int32Array, more: unknown) => boolean)

/** Makes a class of handles known: its instances travel to threads, and are refused everywhere else. */
export function registerHandle(Class: { readonly prototype: SharedHandle }, kind: Kind, length: Length): void {
  brandClass(Class, kind)
  knowShared({
    name: `skein:${kind}`,
    Class: Class as never,
    encode: packShared as (instance: never) => unknown,
    decode: ((form: SharedForm) => revive(Class as never, kind, form)) as (data: never) => object,
  })
  classes.set(kind, Class as never)
  lengths.set(kind, length)
}

type HandleClass = new (arrived: Arrived) => SharedHandle
const classes = /* @__PURE__ */ new Map<string, HandleClass>()
const lengths = /* @__PURE__ */ new Map<string, Length>()

/**
 * Makes plain data of a handle, which any message can carry to another thread: `postMessage` and the `workerData` of a Worker of your
 * own. `unpackShared` makes a handle of it there.
 *
 * Threads of `threads()` need none of this: a handle is an argument like any other there.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a handle of `skein/shared`.
 *
 * @param handle any object of `skein/shared`
 *
 * @example
 * import { packShared, SharedCounter, unpackShared } from 'skein/shared'
 *
 * const seen = new SharedCounter()
 * const form = structuredClone(packShared(seen)) // as postMessage does it
 * const there = unpackShared(form) as SharedCounter
 * there.add(5)
 * console.log(seen.value) // 5
 */
export function packShared(handle: SharedHandle): SharedForm {
  const kind = typeof handle === 'object' && handle !== null ? brandOf(handle) : undefined
  if (kind === undefined || !(kind in kinds)) {
    throw new InvalidArgumentError(
      `packShared needs something of skein/shared, as a SharedMutex; got ${describe(handle)}`,
    )
  }
  return {
    kind,
    memory: handle.words.buffer as SharedArrayBuffer,
    table: threadTable().buffer as SharedArrayBuffer,
    name: handle.name,
    url: fileOfCaller(),
    more: handle.more(),
  }
}

/**
 * Makes a handle of what `packShared` has returned in another thread of this program. Of one and the same memory a thread has one
 * handle only, so two of them can be compared with `===`.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for data that is not a handle, is one of another program or of another version of skein, or whose
 * memory is not shared.
 *
 * @param form what `packShared` has returned
 *
 * @example
 * import { packShared, SharedMutex, unpackShared } from 'skein/shared'
 *
 * const mutex = new SharedMutex({ name: 'stock' })
 * console.log(unpackShared(packShared(mutex)) === mutex) // true
 */
export function unpackShared(form: SharedForm): SharedHandle {
  const kind: unknown = (form as { kind?: unknown } | null)?.kind
  const Class = typeof kind === 'string' ? classes.get(kind) : undefined
  if (Class === undefined) {
    throw new InvalidArgumentError(`unpackShared needs what packShared has returned, got ${describe(form)}`)
  }
  return revive(Class, kind as Kind, form)
}

/** True where memory is as long as what it holds. */
function isWhole(kind: Kind, words: Int32Array, more: unknown): boolean {
  const length = lengths.get(kind)
  return typeof length === 'function' ? length(words, more) : words.length === headWords + (length ?? 0)
}

function revive(Class: HandleClass, kind: Kind, { memory, table, name, more }: SharedForm): SharedHandle {
  for (const part of [memory, table] as unknown[]) {
    if (part instanceof SharedArrayBuffer) continue
    throw new InvalidArgumentError(
      `A ${kind} arrived without its shared memory (it has ${describe(part)}): it was copied on the way, as to another process. ` +
        'Processes have no memory in common; use threads.',
    )
  }
  const words = memory.byteLength >= headWords * 4 && memory.byteLength % 4 === 0 ? new Int32Array(memory) : undefined
  if (words?.[0] !== kinds[kind]) {
    throw new InvalidArgumentError(
      `The memory of a ${kind} arrived that holds something else: it is of another version of skein, or was written to by other code.`,
    )
  }
  if (!isWhole(kind, words, more)) {
    throw new InvalidArgumentError(
      `The memory of a ${kind} arrived that is not as long as what it should hold: it has another shape or another length than its handle says.`,
    )
  }
  if (!adoptThreadTable(table)) {
    throw new InvalidArgumentError(
      `A ${kind} arrived from a part of the program that knows nothing of the threads of this one: this thread has made shared things ` +
        'of its own before. Let a thread of your own take over a handle (unpackShared) before it makes one; those of threads() do so by themselves.',
    )
  }
  const known = handles.get(words[1] as number)?.deref()
  return known instanceof (Class as never as { new (): SharedHandle })
    ? known
    : new Class(new Arrived(words, name, more))
}
