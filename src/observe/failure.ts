import { messageOf } from '../core/errors/foreign.ts'

/** An error in the fields that people and other programs want: how every event, log and table shows it. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** Describes what was thrown. Never throws, whatever that is; what is not an error has its text as message and no stack. */
export function failureOf(error: unknown): Failure {
  const name = textIn(error, 'name')
  const message = textIn(error, 'message')
  const code = textIn(error, 'code')
  const stack = textIn(error, 'stack')
  return {
    name: name ?? 'Error',
    message: message ?? messageOf(error),
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack }),
  }
}

/** A property of an error as text; undefined where there is none, or where it cannot be read. */
function textIn(error: unknown, key: 'name' | 'message' | 'code' | 'stack'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  try {
    const value = (error as Readonly<Record<string, unknown>>)[key]
    if (typeof value === 'string') return value
    return key === 'code' && typeof value === 'number' ? String(value) : undefined
  } catch {
    return undefined
  }
}
