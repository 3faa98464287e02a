import { types } from 'node:util'
import { brandOf } from '../../core/brand.ts'
import { UnsendableError } from '../../core/errors/errors.ts'
import { classNamed, type RegisteredClass } from './class-registry.ts'
import { deepestValue, tooDeep } from './depth.ts'
import { boundedRecord, ErrorBudget, notSent } from './error-budget.ts'
import { type ErrorRecord, recordError } from './error-record.ts'
import { type Kind, kindOf } from './kinds.ts'
import { refusedByProcesses, refusedInErrors } from './leaves.ts'
import { lossOf } from './loss.ts'
import { type PutState, stateOf } from './put.ts'
import { entrySegment, segment, shownPath } from './path.ts'
import { functionRefusal, handleRefusal, proxy, type Refusing, symbol } from './refusals.ts'
import { cannot, refused } from './refused.ts'
import { type Holder, type Packed, place, type Step } from './steps.ts'

/**
 * Packs a value that holds something structured clone can't carry. Errors: `SKEIN_UNSENDABLE`, with the exact path.
 *
 * @param puts collects the values that were put and are a part of this one; without it they are refused
 * @param wrapping how many levels of the value skein itself has put around what is somebody's
 */
export function pack(value: unknown, path: string, process: boolean, puts?: Set<PutState>, wrapping = 0): Packed {
  return new Packer(path, process, puts, wrapping).pack(value)
}

/** A slice is copied: structured clone sends all the memory below a view, and under a small Buffer lies Node's pool. */
function bytesOf({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  const view = new Uint8Array(buffer, byteOffset, byteLength)
  return byteLength === buffer.byteLength || types.isSharedArrayBuffer(buffer) ? view : new Uint8Array(view)
}

/** Copies the containers of one value; leaves stay as they are, and the caller's value is never touched. */
class Packer {
  readonly #steps: Step[] = []
  readonly #root: string
  readonly #process: boolean
  readonly #puts: Set<PutState> | undefined
  readonly #path: string[] = []
  /** Original -> its copy, or for what is made anew on the other side its number. */
  readonly #done = new Map<object, object | number>()
  /** The keys of #done in order, so that a part that failed can be taken back. */
  readonly #order: object[] = []
  readonly #encoding = new Set<object>()
  #budget: ErrorBudget | undefined
  #made = 0
  #isInCall = false
  #errors = 0
  #depth: number

  constructor(root: string, process: boolean, puts: Set<PutState> | undefined, wrapping: number) {
    this.#root = root
    this.#process = process
    this.#puts = puts
    this.#depth = -wrapping
  }

  pack(value: unknown): Packed {
    const box: [unknown] = [undefined]
    box[0] = this.#value(value, box as unknown as Holder, 0)
    return { box, steps: this.#steps }
  }

  /** The thing to store in `holder[key]`; something that is made anew gets a link there and nothing is stored. */
  #value(value: unknown, holder: Holder, key: string | number): unknown {
    if (typeof value === 'function') return this.#refuse(functionRefusal(value))
    if (typeof value === 'symbol') return this.#refuse(symbol)
    if (typeof value !== 'object' || value === null) {
      return this.#errors > 0 ? (this.#budget?.refusal(value, this.#errors) ?? value) : value
    }
    const done = this.#done.get(value)
    if (typeof done === 'number') return void this.#steps.push(['link', holder, key, done])
    if (done) return done
    const words = this.#errors > 0 ? this.#budget?.refusal(value, this.#errors) : undefined
    if (words !== undefined) return words
    if (this.#depth >= deepestValue) return this.#refuse(tooDeep)
    this.#depth++
    const packed = this.#object(value, holder, key)
    this.#depth--
    return packed
  }

  #object(value: object, holder: Holder, key: string | number): unknown {
    if (types.isProxy(value)) return this.#refuse(proxy)
    const handle = brandOf(value)
    if (handle === 'Call' && this.#isReturned()) return this.#returned(value, holder, key)
    if (handle === 'Put') return this.#put(value, holder, key)
    if (handle !== undefined) {
      const inShared = this.#process || this.#errors > 0 ? undefined : classNamed(`skein:${handle}`)
      if (inShared?.isShared === true) return this.#custom(value, inShared, holder, key)
      return this.#refuse(handleRefusal(handle))
    }
    const prototype = Object.getPrototypeOf(value) as object | null
    const kind: Kind = prototype === null || prototype === Object.prototype ? 'plain' : kindOf(value, prototype)
    if (typeof kind === 'object') {
      if ('remedy' in kind) return this.#refuse(kind)
      return kind.encode ? this.#custom(value, kind, holder, key) : this.#instance(value, kind)
    }
    const loss = lossOf(value, prototype!, kind)
    if (loss !== undefined) return this.#refuse(loss)
    switch (kind) {
      case 'leaf':
        return this.#leaf(value)
      case 'array':
        return this.#array(value as unknown[], [])
      case 'map':
        return this.#map(value as Map<unknown, unknown>)
      case 'set':
        return this.#set(value as Set<unknown>)
      case 'error':
        return this.#error(value, holder, key)
      case 'url':
        return this.#make(value, holder, key, made => ['url', made, (value as URL).href])
      case 'file': {
        this.#leaf(value)
        const file = value as File
        const bytes = file.slice(0, file.size, file.type)
        return this.#make(value, holder, key, made => ['file', made, bytes, file.name, file.lastModified])
      }
      case 'buffer':
        this.#leaf(value)
        return this.#make(value, holder, key, made => ['buffer', made, bytesOf(value as Buffer)])
      case 'instance':
      case 'plain':
        return this.#properties(value, {})
    }
  }

  /** True for the result itself, and for what is inside of a call that is the result: a task may return a call, and its result is that of the call. */
  #isReturned(): boolean {
    return this.#root === 'result' && (this.#path.length === 0 || this.#isInCall)
  }

  #returned(call: object, holder: Holder, key: string | number): undefined {
    const before = this.#isInCall
    this.#isInCall = true
    const packed = this.#custom(call, classNamed('skein:Call') as RegisteredClass, holder, key)
    this.#isInCall = before
    return packed
  }

  #leaf(value: object): object {
    const reason = this.#errors > 0 ? refusedInErrors(value) : this.#process ? refusedByProcesses(value) : undefined
    return reason ? this.#refuse(reason) : value
  }

  #make(value: object, holder: Holder, key: string | number, step: (made: number) => Step): undefined {
    const made = this.#made++
    this.#remember(value, made)
    this.#steps.push(step(made), ['link', holder, key, made])
  }

  #put(value: object, holder: Holder, key: string | number): undefined {
    if (!this.#puts || this.#errors > 0) return this.#refuse(handleRefusal('Put'))
    const state = stateOf(value)
    state.checkOpen(shownPath(this.#root, this.#path))
    this.#puts.add(state)
    return this.#make(value, holder, key, made => ['put', made, state.id])
  }

  #remember(value: object, as: object | number): void {
    this.#done.set(value, as)
    this.#order.push(value)
  }

  #array(value: readonly unknown[], copy: unknown[]): unknown[] {
    this.#remember(value, copy)
    copy.length = value.length
    let holes = false
    for (let i = 0; i < value.length; i++) {
      const item = value[i]
      if (item === undefined && !(i in value)) {
        holes = true
        break
      }
      this.#path.push(`[${i}]`)
      copy[i] = this.#value(item, copy as unknown as Holder, i)
      this.#path.pop()
    }
    const keys = Object.keys(value)
    if (holes || keys.length !== value.length) {
      for (const key of keys) {
        if (Object.hasOwn(copy, key)) continue
        this.#property(value, key, copy as unknown as Holder)
      }
    }
    return copy
  }

  #properties(value: object, copy: Holder | object): object {
    this.#remember(value, copy)
    for (const key of Object.keys(value)) this.#property(value, key, copy as Holder)
    return copy
  }

  #property(value: object, key: string, copy: Holder): void {
    this.#path.push(segment(key))
    place(copy, key, undefined)
    const packed = this.#value((value as Holder)[key], copy, key)
    if (packed !== undefined) place(copy, key, packed)
    this.#path.pop()
  }

  #map(value: Map<unknown, unknown>): object {
    const copy = new Map<unknown, unknown>()
    this.#remember(value, copy)
    const entries: unknown[] = []
    let index = 0
    for (const [key, item] of value) {
      this.#path.push(`.keys()[${index++}]`)
      entries.push(undefined)
      entries[entries.length - 1] = this.#value(key, entries as unknown as Holder, entries.length - 1)
      this.#path.pop()
      this.#path.push(entrySegment(key))
      entries.push(undefined)
      entries[entries.length - 1] = this.#value(item, entries as unknown as Holder, entries.length - 1)
      this.#path.pop()
    }
    this.#steps.push(['map', copy, entries])
    return copy
  }

  #set(value: Set<unknown>): object {
    const copy = new Set<unknown>()
    this.#remember(value, copy)
    const values: unknown[] = []
    for (const item of value) {
      this.#path.push(`.values()[${values.length}]`)
      values.push(undefined)
      values[values.length - 1] = this.#value(item, values as unknown as Holder, values.length - 1)
      this.#path.pop()
    }
    this.#steps.push(['set', copy, values])
    return copy
  }

  /**
   * An instance that is made up of its properties: the copy itself gets the prototype back, so cycles through it
   * hold.
   */
  #instance(value: object, { name }: RegisteredClass): object {
    let copy: object
    if (Array.isArray(value)) copy = this.#array(value, [])
    else if (types.isMap(value) || types.isSet(value)) {
      copy = types.isMap(value) ? this.#map(value) : this.#set(value)
      const properties: Holder = {}
      for (const key of Object.keys(value)) this.#property(value, key, properties)
      this.#steps.push(['assign', copy, properties])
    } else copy = this.#properties(value, {})
    this.#steps.push(['prototype', copy, name])
    return copy
  }

  #custom(value: object, kind: RegisteredClass, holder: Holder, key: string | number): undefined {
    if (this.#encoding.has(value)) {
      return this.#refuse({
        what: `an instance of ${kind.name} inside its own data`,
        remedy: `The encode function of ${kind.name} must return data that does not lead back to the instance`,
      })
    }
    this.#encoding.add(value)
    const box: Holder = {}
    try {
      box['d'] = this.#value((kind.encode as (instance: object) => unknown)(value), box, 'd')
    } finally {
      this.#encoding.delete(value)
    }
    const stack = value instanceof Error && typeof value.stack === 'string' ? value.stack : undefined
    return this.#make(value, holder, key, made => ['class', made, kind.name, box, stack])
  }

  #error(error: object, holder: Holder, key: string | number): undefined {
    const made = this.#made++
    this.#remember(error, made)
    const budget = (this.#budget ??= new ErrorBudget())
    const record = this.#errors > 0 ? boundedRecord(error, budget) : recordError(error)
    this.#errors++
    const copy: Holder = {}
    for (const name of Object.keys(record.fields)) this.#lenient(record.fields[name], copy, name)
    const packed: { -readonly [K in keyof ErrorRecord]: ErrorRecord[K] } = { ...record, fields: copy }
    if ('cause' in record) this.#lenient(record.cause, packed, 'cause')
    for (const list of ['errors', 'beside'] as const) {
      const items = record[list]
      if (items === undefined) continue
      const copies: unknown[] = []
      items.forEach((item, i) => this.#lenient(item, copies as unknown as Holder, i))
      packed[list] = copies
    }
    this.#errors--
    this.#steps.push(['error', made, packed], ['link', holder, key, made])
  }

  /** A field of an error: what cannot be sent is replaced by words, for an error must always arrive. */
  #lenient(value: unknown, holder: Holder, key: string | number): void {
    const steps = this.#steps.length
    const order = this.#order.length
    const path = this.#path.length
    const errors = this.#errors
    const depth = this.#depth
    place(holder, key, undefined)
    let packed: unknown
    try {
      this.#path.push(typeof key === 'number' ? `[${key}]` : segment(key))
      packed = this.#value(value, holder, key)
      this.#path.pop()
    } catch (error) {
      this.#steps.length = steps
      for (const undone of this.#order.splice(order)) this.#done.delete(undone)
      this.#path.length = path
      this.#errors = errors
      this.#depth = depth
      packed = notSent(error instanceof UnsendableError ? error.message.split(cannot)[0]! : 'reading it failed')
    }
    if (packed !== undefined) place(holder, key, packed)
  }

  #refuse(refusing: Refusing): never {
    throw refused(refusing, shownPath(this.#root, this.#path), this.#path.at(-1) === '.then')
  }
}
