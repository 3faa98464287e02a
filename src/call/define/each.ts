import { current } from '../../core/scope/current.ts'
import { callIn, currentSource } from '../../core/scope/slot.ts'
import { isThenable } from '../../core/errors/thenable.ts'
import { defineEach } from './each-definition.ts'
import type { AnyFunction, TaskIdentity } from './identity.ts'

/** The end of the name of a task that runs another one for each item of a list. */
const mark = '[]'

/**
 * The identity of the task that runs this one for each item of a list: where a task is known, so is that, and nobody has to
 * define it.
 */
export function eachIdentity(item: TaskIdentity): TaskIdentity {
  const each: TaskIdentity = Object.freeze({ url: item.url, name: item.name + mark })
  items.set(each, item)
  return each
}

/** The identity of the task that is run for each item; undefined for any other task. */
export function itemIdentity(each: TaskIdentity): TaskIdentity | undefined {
  const { url, name } = each
  return name.endsWith(mark) ? (items.get(each) ?? { url, name: name.slice(0, -mark.length) }) : undefined
}

/** The very object that was given: what is known of a task may hang on it. */
const items: WeakMap<TaskIdentity, TaskIdentity> = /* @__PURE__ */ new WeakMap()
const made: WeakMap<AnyFunction, AnyFunction> = /* @__PURE__ */ new WeakMap()

/**
 * The bare function that runs another one for each item of a list, one after the other, and returns the results in their order. With a
 * second argument that is true each item is a list of arguments.
 */
export function eachOf(fn: AnyFunction): AnyFunction {
  let each = made.get(fn)
  if (each === undefined) {
    made.set(fn, (each = (items: readonly never[], spread?: unknown) => runEach(fn, items, spread === true)))
    defineEach(each, fn)
  }
  return each
}

async function runEach(fn: AnyFunction, items: readonly never[], spread: boolean): Promise<unknown[]> {
  const s = current()
  const source = currentSource()
  const one = spread ? (item: readonly never[]): unknown => fn(...item) : (item: never): unknown => fn(item)
  const results: unknown[] = []
  for (const item of items) {
    s.checkpoint()
    const result = callIn(source, one as (item: never) => unknown, item)
    results.push(isThenable(result) ? await result : result)
  }
  return results
}
