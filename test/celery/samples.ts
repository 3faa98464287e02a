import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MalformedMessageError } from 'skein'
import { root } from '../support/paths.ts'

/** A message, a key or a table as Celery has written it; see golden/README.md. Which fields there are depends on what it is. */
export interface Sample {
  readonly name: string
  /** The text as it stood in Redis. */
  readonly raw: string
  /** The body of the message. */
  readonly body_text?: string
  readonly body?: unknown
  readonly envelope: {
    readonly headers: Readonly<Record<string, unknown>>
    readonly properties: Readonly<Record<string, unknown>>
    readonly body: string
  }
  readonly value: unknown
  readonly exchange: string
  readonly routing_key: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly properties: Readonly<Record<string, unknown>>
  readonly place: Readonly<Record<string, string>>
  readonly commands: readonly (readonly string[])[]
  readonly [field: string]: unknown
}

const folder = join(root, 'test/celery/golden')

/** The folders of samples. */
export function folders(): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
}

/** The samples of a folder, in the order of their names. */
export function samples(of: string): Sample[] {
  return readdirSync(join(folder, of))
    .sort()
    .map(file => {
      const fields = JSON.parse(readFileSync(join(folder, of, file), 'utf8')) as object
      return { ...fields, name: file.replace(/\.json$/, '') } as Sample
    })
}

/** One sample. */
export function sample(of: string, name: string): Sample {
  return JSON.parse(readFileSync(join(folder, of, `${name}.json`), 'utf8')) as Sample
}

/** What was read, or the error that it could not be. */
export function sound<T>(read: T | MalformedMessageError): T {
  if (read instanceof MalformedMessageError) throw read
  return read
}

/** A value without what is smaller than a millisecond in its times, which is all that a time has here. */
export function inMilliseconds<T>(value: T): T {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'string'
      ? each.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d{3}(\+00:00)$/, '$1000$2')
      : each,
  )
  return (text === undefined ? undefined : JSON.parse(text)) as T
}
