import { decode, encode, newEncoding } from '#skein/call/codec/codec.js'
import { readClone } from '#skein/processes/read-clone.js'
import { serialize } from 'node:v8'

/** Where a value can cross a border, and how. */
export const crossings: readonly (readonly [name: string, cross: (value: unknown) => unknown])[] = [
  ['structured clone', value => structuredClone(value)],
  ['v8.serialize', value => readClone(serialize(value))],
]

/** Sends a value across and gives what arrives. Where the encoder says that JSON would do, JSON must give the same. */
export function send(value: unknown, cross: (value: unknown) => unknown): unknown {
  const into = newEncoding('processes')
  const encoded = encode(value, 'arguments', into)
  if (into.json) return JSON.parse(JSON.stringify(encoded))
  const arrived = cross(encoded)
  return into.marked ? decode(arrived) : arrived
}

/** What the encoder finds out about a value. */
export function judged(value: unknown): { marked: boolean; json: boolean; same: boolean } {
  const into = newEncoding('processes')
  const encoded = encode(value, 'arguments', into)
  return { marked: into.marked, json: into.json, same: encoded === value }
}
