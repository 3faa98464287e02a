import { types } from 'node:util'
import type { MessagePort } from 'node:worker_threads'
import { nodeThreads } from '../../core/node.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { describe } from '../../core/errors/checks.ts'
import { isDetached, movedAway } from './leaves.ts'
import { refused } from './refused.ts'

/** A thing that can travel to another thread without being copied. */
export type Transferable = ArrayBuffer | MessagePort

const marked = new WeakSet<object>()
/** The number of marks. While there are none, nobody has to look for any. */
let marks = 0
/** A buffer that was marked and then forgotten must not have every later call looked through. */
const forgotten = /* @__PURE__ */ new FinalizationRegistry<undefined>(() => void marks--)

/**
 * Marks the memory in a value to travel without a copy: the next call or result that holds it takes it along to another
 * thread, and on this side it is empty from then on.
 *
 * Use it for buffers that one side has filled and only the other side will use: in the arguments of a call, in the items of
 * a `map`, in the result of a task or in the values of a generator task. Moving megabytes costs as little as moving a byte;
 * cloning them costs milliseconds. Don't use it for memory that both sides need (a `SharedArrayBuffer` is shared and never
 * copied), nor for a value that many calls need (`put` sends that once to each worker).
 *
 * It returns the value itself, so that types stay as they are. All that a value holds is marked: the ArrayBuffers below its
 * typed arrays and Buffers, and its MessagePorts, in arrays, objects, Maps and Sets. What has no memory of its own is
 * copied as always, also a Buffer that is a part of a larger piece of memory, as small ones are.
 *
 * Only threads share memory, so elsewhere the mark is taken off and nothing moves: processes and queues get a copy, and on
 * the event loop the task gets the value itself. A task that is called as a plain function hands nothing over: what it
 * marks in its result stays marked until the next call that gets it.
 *
 * The memory leaves when a thread is free for the call, not before: a call that is refused, cancelled or out of time while
 * it waits leaves everything here as it was. Once it has been handed to a thread, its memory is gone whatever comes of
 * it, so a call that fails then is not run again, whatever its `retries` say.
 *
 * **Errors**: `SKEIN_UNSENDABLE` for memory that has been moved away before, here or when the call is sent;
 * `SKEIN_INVALID_ARGUMENT` for a value that has nothing to move.
 *
 * @param value a buffer, a view of one, a MessagePort, or an object that holds some
 *
 * @example
 * import { main, move, task } from 'skein'
 * import { threads } from 'skein/threads'
 *
 * export const invert = task(import.meta, function invert(pixels: Uint8Array<ArrayBuffer>) {
 *   for (let i = 0; i < pixels.length; i++) pixels[i] = 255 - (pixels[i] as number)
 *   return move(pixels) // and back, without a copy either
 * })
 *
 * await main(import.meta, async () => {
 *   const pool = threads({ workers: 1 })
 *   const pixels = new Uint8Array(10_000_000)
 *   const inverted = await pool.run(invert, move(pixels))
 *   console.log(inverted.length, inverted[0], pixels.length) // 10000000 255 0
 *   await pool.close()
 * })
 */
export function move<T extends object>(value: T): T {
  const shared = types.isSharedArrayBuffer(ArrayBuffer.isView(value) ? value.buffer : value)
  if (typeof value !== 'object' || value === null || shared) {
    throw new InvalidArgumentError(
      `move needs a buffer, a view of one, a MessagePort or an object that holds some, got ${describe(value)}. ` +
        (shared
          ? 'Shared memory is never copied: pass it without move.'
          : 'Everything else is copied: pass it without move.'),
    )
  }
  for (const part of movableParts(value)) {
    if (types.isArrayBuffer(part) && isDetached(part)) throw refused(movedAway, 'the value to move')
    mark(part)
  }
  return value
}

function mark(part: Transferable): void {
  if (marked.has(part)) return
  marked.add(part)
  marks++
  forgotten.register(part, undefined, part)
}

/** Takes the marks off the parts of a value that have one, and returns these parts; undefined if there are none. */
export function takeMoved(value: unknown): readonly Transferable[] | undefined {
  if (marks === 0 || typeof value !== 'object' || value === null) return undefined
  let taken: Transferable[] | undefined
  for (const part of movableParts(value)) {
    if (!marked.delete(part)) continue
    marks--
    forgotten.unregister(part)
    ;(taken ??= []).push(part)
  }
  return taken
}

/** Puts the marks back on what was taken, for calls that are to be made anew. */
export function markAgain(parts: readonly Transferable[] | undefined): void {
  for (const part of parts ?? []) mark(part)
}

/** The buffers and ports in a value, each once. */
function movableParts(root: object): Set<Transferable> {
  const found = new Set<Transferable>()
  const seen = new Set<object>([root])
  const open: object[] = [root]
  const meet = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || seen.has(part)) return
    seen.add(part)
    open.push(part)
  }
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (types.isProxy(value)) continue
    if (ArrayBuffer.isView(value)) {
      // Node cuts Buffers out of memory that others use, too; the maker of a typed array knows what is beside it.
      const isPart = Buffer.isBuffer(value) && value.byteLength !== value.buffer.byteLength
      if (types.isArrayBuffer(value.buffer) && !isPart) found.add(value.buffer)
    } else if (types.isArrayBuffer(value)) found.add(value)
    else if (value instanceof nodeThreads().MessagePort) found.add(value)
    else if (Array.isArray(value)) for (const item of value) meet(item)
    else meetProperties(value, meet)
  }
  return found
}

function meetProperties(value: object, meet: (part: unknown) => void): void {
  if (types.isMap(value) || types.isSet(value)) {
    for (const [key, item] of value.entries()) {
      meet(key)
      meet(item)
    }
  }
  for (const key of Object.keys(value)) {
    try {
      meet((value as Record<string, unknown>)[key])
    } catch {
      // A getter has thrown. The sender of the value meets it again and knows what to say.
    }
  }
}
