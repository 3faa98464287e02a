import { closeSync, mkdirSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loop } from '../../dist/index.js'
import { jsonLines, par, pieces, sortInPlace } from '../../dist/par/index.js'
import { SharedArray } from '../../dist/shared/index.js'
import { openPool } from '../contestants/skein.mjs'
import { median } from '../lib/stats.mjs'
import { WasmMemory } from '../../dist/wasm/index.js'
import { add, addPrice, kernels, sum, words, wordsIn } from '../workers/par-tasks.mjs'

/** The same numbers in every language: from 0 to 1, in no order. */
function numbers(count, into) {
  for (let i = 0; i < count; i++) into[i] = (Math.imul(i, 2_654_435_761) >>> 0) / 2 ** 32
  return into
}

const bins = 100

/** Parallel collections, on an executor. */
const parallel = {
  sum: ({ shared, on }) => par(shared, { on }).sum(),
  histogram: async ({ shared, on }) => (await par(shared, { on }).histogram({ from: 0, to: 1, bins })).counts[0],
  sort: async ({ shared, on }) => {
    await sortInPlace(shared, { on })
    return shared.view[0]
  },
  words: async ({ file, on }) => (await par(pieces(file), { on }).flatMap(words).countBy()).get('the'),
  groups: async ({ file, on }) => (await par(jsonLines(file), { on }).foldBy('country', 0, addPrice, add)).get('C7'),
}

/** The same for one thread, without a library. */
const plain = {
  sum: ({ values }) => {
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let i = 0; i < values.length; i += 4) {
      a += values[i]
      b += values[i + 1]
      c += values[i + 2]
      d += values[i + 3]
    }
    return a + b + (c + d)
  },
  histogram: ({ values }) => {
    const counts = new Float64Array(bins)
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (!(value >= 0 && value <= 1)) continue
      const bin = Math.trunc(value * bins)
      counts[bin === bins ? bins - 1 : bin]++
    }
    return counts[0]
  },
  sort: ({ values }) => values.sort()[0],
  words: ({ file }) => {
    const counts = new Map()
    for (const text of textOf(file)) {
      for (const word of wordsIn(text)) {
        const count = counts.get(word)
        if (count === undefined) counts.set(word, { n: 1 })
        else count.n++
      }
    }
    return counts.get('the').n
  },
  groups: ({ file }) => {
    const sums = new Map()
    for (const text of textOf(file)) {
      for (const line of text.split('\n')) {
        if (line === '') continue
        const { country, price } = JSON.parse(line)
        sums.set(country, (sums.get(country) ?? 0) + price)
      }
    }
    return sums.get('C7')
  },
}

/** The text of a file in whole lines, some 32 KB at a time; a megabyte at a time takes as long. */
function* textOf(path) {
  const file = openSync(path)
  const buffer = Buffer.alloc(32_768)
  let rest = ''
  for (;;) {
    const length = readSync(file, buffer, 0, buffer.length, null)
    if (length === 0) break
    const text = rest + buffer.toString('latin1', 0, length)
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end)
    yield text.slice(0, end)
  }
  yield rest
  closeSync(file)
}

/** The address of the first number: behind what the module itself needs. */
const first = 65_536

/** Memory for so many numbers, and the module that adds them up, built of the source of an example. */
async function wasmMemory(size) {
  const { default: asc } = await import('assemblyscript/asc')
  const outFile = fileURLToPath(kernels)
  mkdirSync(dirname(outFile), { recursive: true })
  const source = fileURLToPath(new URL('../../examples/wasm-simd/assembly/kernels.ts', import.meta.url))
  const flags =
    '-O3 --runtime stub --enable simd --enable threads --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536'
  const { error, stderr } = await asc.main([source, '--baseDir', '/', '--outFile', outFile, ...flags.split(' ')])
  if (error) throw new Error(String(stderr), { cause: error })
  return new WasmMemory({ pages: Math.ceil((first + size * 8) / 65_536) })
}

/** Each thread adds up one part after the other. */
async function sumInWasm({ memory, size, on, workers }) {
  const parts = workers * 4
  const ends = Array.from({ length: parts + 1 }, (_, n) => Math.floor((size * n) / parts))
  const sums = ends.slice(1).map((end, n) => on.run(sum, memory, first + ends[n] * 8, end - ends[n]))
  return (await Promise.all(sums)).reduce((a, b) => a + b, 0)
}

/** Milliseconds of one kind of work, and the most memory that the program had. */
export async function measure({ spec, workers, work, size, file, repeats, expected }) {
  const isPlain = spec.place === 'plain'
  const hasNumbers = file === undefined
  const isWasm = spec.place === 'wasm'
  const on = isPlain
    ? undefined
    : spec.place === 'loop'
      ? loop
      : await openPool(isWasm ? 'threads' : spec.place, workers)
  const memory = isWasm ? await wasmMemory(size) : undefined
  const shared = hasNumbers && !isPlain && !isWasm ? new SharedArray('float64', size) : undefined
  const values = memory
    ? new Float64Array(memory.buffer, first, size)
    : hasNumbers && isPlain
      ? new Float64Array(size)
      : undefined
  const times = []
  for (let n = 0; n <= repeats; n++) {
    if (hasNumbers && (n === 0 || work === 'sort')) numbers(size, shared?.view ?? values)
    const start = performance.now()
    const result = await (isWasm ? sumInWasm : (isPlain ? plain : parallel)[work])({
      shared,
      values,
      file,
      on,
      memory,
      size,
      workers,
    })
    times.push(performance.now() - start)
    if (expected !== undefined && Math.abs(result - expected) > 1e-6 * Math.abs(expected))
      throw new Error(`${result} instead of ${expected}`)
  }
  await on?.close()
  // The first has started the workers, and had the code compiled.
  return { ms: median(repeats === 0 ? times : times.slice(1)), rssMB: process.resourceUsage().maxRSS / 1024 }
}
