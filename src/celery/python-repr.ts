import { types } from 'node:util'
import { brandOf } from '../core/brand.ts'
import { PythonFloat } from './python-float.ts'

/** As in Celery, which cuts what is only for logs and monitors. */
const longest = 1024

/** The arguments of a call as Python would show them: `('a', 1, True)`. For logs and monitors only. */
export function argumentsRepr(args: readonly unknown[]): string {
  return cut(new Repr().list(args, '(', args.length === 1 ? ',)' : ')'))
}

/** A value as Python would show it: `{'a': [1, None]}`. For logs and monitors only. */
export function valueRepr(value: unknown): string {
  return cut(new Repr().list([value], '', ''))
}

/** An exception as Python would show it: `ValueError('a', 2)`. For logs and monitors only. */
export function exceptionRepr(type: string, args: readonly unknown[]): string {
  return cut(new Repr().list(args, `${type}(`, ')'))
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest - 3)}...` : text
}

class Repr {
  /** Characters that may still be written: a huge argument is not shown whole to be cut afterwards. */
  #left = longest

  list(values: Iterable<unknown>, open: string, close: string): string {
    const parts: string[] = []
    for (const value of values) {
      if (this.#left <= 0) break
      parts.push(this.#value(value))
      this.#left -= 2
    }
    return open + parts.join(', ') + close
  }

  #value(value: unknown): string {
    const text = this.#show(value)
    this.#left -= text.length
    return text
  }

  #show(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return quote(value.length > this.#left ? value.slice(0, Math.max(0, this.#left)) : value)
      case 'number':
        if (Number.isNaN(value)) return 'nan'
        return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf'
      case 'boolean':
        return value ? 'True' : 'False'
      case 'bigint':
        return value.toString()
      case 'object':
        return value === null ? 'None' : this.#object(value)
      default:
        return 'None'
    }
  }

  #object(value: object): string {
    if (this.#left <= 0) return '...'
    this.#left -= 2
    if (Array.isArray(value)) return this.list(value, '[', ']')
    if (value instanceof PythonFloat) return Number.isFinite(value.value) ? value.toText() : this.#show(value.value)
    if (brandOf(value) === 'Call') return `<${(value as { readonly task: { readonly name: string } }).task.name}>`
    if (types.isSet(value)) return this.list(value, '{', '}')
    if (types.isDate(value)) return `datetime(${JSON.stringify(value)})`
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `<${value.byteLength} bytes>`
    const entries = types.isMap(value) ? value : Object.entries(value)
    const parts: string[] = []
    for (const [key, item] of entries) {
      if (this.#left <= 0) break
      parts.push(`${this.#value(key)}: ${this.#value(item)}`)
    }
    return `{${parts.join(', ')}}`
  }
}

const special = /['"\\\n\r\t]/

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  if (!special.test(text)) return `'${text}'`
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark
}
