import { test } from 'node:test'
import { call, type Call } from '#skein/call/call.js'
import type { Executor } from '#skein/call/executor.js'
import type { MapResults } from 'skein'
import { move } from '#skein/call/codec/move.js'
import { put, type Put } from '#skein/call/codec/put.js'
import { task } from '#skein/call/define/task.js'
import type { Job } from '#skein/core/job/job.js'
import { exactly } from './expect.ts'

// Nothing in this file runs: the compiler checks it, and each @ts-expect-error is an error where nothing is refused.

declare const executor: Executor

interface Model {
  readonly weights: number[]
  readonly names?: Map<string, number>
}

const score = task(import.meta, function score(model: Model, text: string) {
  return model.weights.length + text.length
})
const scoreItem = task(import.meta, function scoreItem(item: { model: Model; text: string }) {
  return item.text
})
const sum = task(import.meta, function sum(ns: readonly number[]) {
  return ns.length
})
const invert = task(import.meta, function invert(pixels: Uint8Array<ArrayBuffer>) {
  return { pixels: move(pixels), size: pixels.length }
})
const count = task(import.meta, function* count(model: Model) {
  yield model.weights.length
})
const loose = task(import.meta, (value: unknown): string => String(value), { name: 'loose' })

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
const tree = task(import.meta, (json: Json): Json => json, { name: 'tree' })

function moveKeepsTypes(pixels: Uint8Array<ArrayBuffer>): void {
  exactly<Uint8Array<ArrayBuffer>>()(move(pixels))
  exactly<{ x: Float64Array<ArrayBuffer> }>()(move({ x: new Float64Array(1) }))
  exactly<Promise<{ pixels: Uint8Array<ArrayBuffer>; size: number }>>()(executor.run(invert, move(pixels)))
  exactly<MapResults<{ pixels: Uint8Array<ArrayBuffer>; size: number }>>()(executor.map(invert, [pixels].map(move)))
  exactly<{ pixels: Uint8Array<ArrayBuffer>; size: number }>()(invert(pixels))
  // @ts-expect-error a number has no memory to move
  move(3)
  // @ts-expect-error nor has a string
  move('text')
  // @ts-expect-error what is moved must still fit
  void executor.run(invert, move(new ArrayBuffer(1)))
}

function putStandsForItsValue(model: Model): void {
  const handle = put(model)
  exactly<Put<Model>>()(handle)
  exactly<Promise<number>>()(executor.run(score, handle, 'a'))
  exactly<Promise<Job<number>>>()(executor.submit(score, handle, 'a'))
  exactly<Call<number>>()(call(score, handle, 'a'))
  exactly<Promise<string>>()(executor.run(scoreItem, { model: handle, text: 'a' }))
  exactly<MapResults<string>>()(executor.map(scoreItem, [{ model: handle, text: 'a' }]))
  exactly<MapResults<string>>()(executor.map(scoreItem, [{ model, text: 'a' }]))
  exactly<MapResults<number>>()(executor.map(sum, [put([1]), [2], [put(3), 4]]))
  exactly<AsyncIterableIterator<number>>()(executor.stream(count, handle))
  exactly<Promise<string>>()(executor.run(loose, handle))
  exactly<MapResults<Json>>()(executor.map(tree, [{ a: [1, null] }, 'b', put<Json>([1])]))
  exactly<MapResults<Json>>()(executor.map(tree, [{ a: 1 }, { b: [1] }, { c: [put<Json>(1)] }]))
  // The value may have more than is wanted.
  void executor.run(sum, put([1, 2] as const))
  void executor.run(score, put({ weights: [1], more: true }), 'a')

  // @ts-expect-error the value of the handle is no Model
  void executor.run(score, put({ weights: 'none' }), 'a')
  // @ts-expect-error a handle of a string, where a Model is wanted
  void executor.run(score, put('a'), 'a')
  // @ts-expect-error the model of the item is no Model
  void executor.map(scoreItem, [{ model: put(3), text: 'a' }])
  // @ts-expect-error the other argument is missing
  void executor.run(score, handle)
  // @ts-expect-error a plain call wants the value itself
  score(handle, 'a')
  // @ts-expect-error a call is no item of a map
  void executor.map(sum, [call(loose, 1)])
  // @ts-expect-error a handle does not show its value
  void handle.weights
}

function mapsOfAnyType<I, R>(work: (item: I) => R, items: readonly I[]): void {
  // Where the type of the items is not known yet, items still fit.
  const made = task(import.meta, (item: string) => item, { name: 'made' })
  void executor.map(made, ['a'])
  void [work, items]
}

test('move and put keep the types of tasks', () => {
  void [moveKeepsTypes, putStandsForItsValue, mapsOfAnyType]
})
