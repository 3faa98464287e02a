import type { ErrorRecord } from './error-record.ts'

/** The place of something: a container of the packed value and the key in it. */
export type Holder = Record<string | number, unknown>

/** A value that was put, as the receiver of calls keeps it. */
export interface Kept {
  readonly value: unknown
}

/**
 * One step of unpacking. What structured clone can't carry was left out of the value; the steps put it back, in this
 * order. They point at containers *inside* the value: structured clone and v8.serialize keep that identity within one
 * message, so nothing in the value itself has to be marked, and no value can be mistaken for a mark.
 */
export type Step =
  | readonly [op: 'error', made: number, record: ErrorRecord]
  | readonly [op: 'url', made: number, href: string]
  /** Only from Node 24 on a File passes as it is. */
  | readonly [op: 'file', made: number, bytes: Blob, name: string, lastModified: number]
  | readonly [op: 'buffer', made: number, bytes: Uint8Array]
  /** A value that was put. What arrives is its number, for which the receiver puts the value that it keeps. */
  | readonly [op: 'put', made: number, kept: number | Kept]
  | readonly [op: 'class', made: number, name: string, data: Holder, stack: string | undefined]
  | readonly [op: 'prototype', target: object, name: string]
  | readonly [op: 'map', target: Map<unknown, unknown>, entries: readonly unknown[]]
  | readonly [op: 'set', target: Set<unknown>, values: readonly unknown[]]
  | readonly [op: 'assign', target: object, properties: Holder]
  | readonly [op: 'link', holder: Holder, key: string | number, made: number]

/** A value and the steps that make it whole again. Structured clone and v8.serialize carry it; JSON does not. */
export interface Packed {
  /** Holds the value alone: a container that a link can point at, like any other. */
  readonly box: readonly [unknown]
  readonly steps: readonly Step[]
}

/** Stores under a key without ever setting a prototype. */
export function place(holder: object, key: string | number, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(holder, key, { value, configurable: true, enumerable: true, writable: true })
  } else (holder as Holder)[key] = value
}
