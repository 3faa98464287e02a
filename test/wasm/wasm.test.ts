import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import asc from 'assemblyscript/asc'
import { loop } from 'skein'
import { par } from 'skein/par'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import { WasmMemory, wasmTask } from 'skein/wasm'
import * as t from './tasks.ts'

const kernels = `
export function add(a: i32, b: i32): i32 { return a + b }
export function addLong(a: i64, b: i64): i64 { return a + b }
export function divide(a: i32, b: i32): i32 { return a / b }
export function outside(): f64 { return load<f64>(0x7fff0000) }
export function asserts(n: i32): i32 { assert(n > 0, 'positive'); return n }
export function deep(n: i32): i32 { return n == 0 ? 0 : 1 + deep(n + 1) }
export function forever(): void { while (true) {} }
`
const shared = `
export function fill(from: usize, to: usize, value: f64): void {
  for (let at = from; at < to; at += 8) store<f64>(at, value)
}
`

async function compile(name: string, source: string, options: object): Promise<void> {
  const { binary, error, stderr } = await asc.compileString(source, { runtime: 'stub', ...options })
  assert.equal(error, null, String(stderr))
  writeFileSync(new URL(name, import.meta.url), binary as Uint8Array)
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void
  const promise = new Promise<void>(each => (resolve = each))
  return { promise, resolve }
}

const pool = threads({ workers: 2, grace: '20ms' })
const other = processes({ workers: 1, grace: '20ms' })
before(async () => {
  await compile('kernels.wasm', kernels, {})
  const memory = { importMemory: true, sharedMemory: true, initialMemory: 1, maximumMemory: 100 }
  await compile('shared.wasm', shared, { enable: ['threads'], ...memory })
})
after(async () => {
  await pool.close()
  await other.close()
})
const refused = { code: 'SKEIN_INVALID_ARGUMENT' }
const trapped = { code: 'SKEIN_WASM_TRAP', name: 'WasmTrapError' }

describe('a task of WebAssembly', () => {
  for (const [name, on] of Object.entries({ loop, threads: pool, processes: other })) {
    test(`runs on ${name}, with whole numbers of 32 and 64 bits`, async () => {
      assert.equal(await on.run(t.add, 2, 3), 5)
      assert.equal(await on.run(t.addLong, 2n ** 60n, 1n), 2n ** 60n + 1n)
      assert.deepEqual(await on.map(t.asserts, [1, 2, 3]).toArray(), [1, 2, 3])
    })

    test(`that traps on ${name} fails alone, and says where`, async () => {
      await assert.rejects(on.run(t.divide, 1, 0), { ...trapped, message: /divide has trapped: divide by zero/ })
      await assert.rejects(on.run(t.outside), { ...trapped, message: /out of bounds/ })
      await assert.rejects(on.run(t.asserts, 0), { ...trapped, message: /abort/ })
      await assert.rejects(on.run(t.deep, 1), { ...trapped, message: /deep has trapped: Maximum call stack/ })
      assert.equal(await on.run(t.add, 1, 1), 2)
      assert.equal(on.stats().crashed, 0)
    })
  }

  for (const [name, on] of Object.entries({ threads: pool, processes: other })) {
    test(`that runs for ever on ${name} is ended by force, and the pool goes on`, async () => {
      const { promise: begun, resolve } = withResolvers()
      const leave = on.observe(event => void (event.type === 'started' && resolve()))
      const job = await on.submit(t.forever)
      const ended = assert.rejects(job.result(), { code: 'SKEIN_CANCELLED', ended: /^(?:terminated|killed)$/ })
      await begun
      leave()
      await job.cancel('enough')
      await ended
      assert.equal(await on.run(t.add, 1, 1), 2)
    })
  }

  test('is refused with what is wrong', async () => {
    const file = new URL('kernels.wasm', import.meta.url)
    assert.throws(() => wasmTask(import.meta, 'kernels.wasm' as never, 'x'), refused)
    assert.throws(() => wasmTask(import.meta, new URL('https://example.org/x.wasm'), 'x'), refused)
    assert.throws(() => wasmTask(import.meta, file, ''), refused)
    assert.throws(() => wasmTask(import.meta, file, 'x', { memory: 1 as never }), refused)
    assert.throws(() => wasmTask(import.meta, file, 'x', { pages: 1 } as never), refused)
    for (const [work, message] of [
      [t.absent, /exports no function 'absent'/],
      [t.withoutMemory, /takes its memory from outside.*memory: true/],
      [t.noFile, /no\.wasm cannot be loaded: ENOENT/],
      [t.noModule, /cannot be loaded/],
    ] as const) {
      await assert.rejects(pool.run(work), { code: 'SKEIN_TASK_MODULE', message })
    }
    await assert.rejects(pool.run(t.fill as never, 0, 8, 1), { ...refused, message: /WasmMemory/ })
  })
})

describe('memory of WebAssembly', () => {
  test('is the same on all threads and here', async () => {
    const memory = new WasmMemory({ pages: 2, most: 100 })
    const numbers = new Float64Array(memory.buffer)
    const half = (numbers.length / 2) * 8
    await Promise.all([pool.run(t.fill, memory, 0, half, 1), pool.run(t.fill, memory, half, 2 * half, 2)])
    assert.equal(await par(numbers, { on: pool }).sum(), numbers.length * 1.5)
    assert.equal(await loop.run(t.fill, memory, 0, 8, 7), undefined)
    assert.equal(numbers[0], 7)
  })

  test('is one object in a thread, and may grow there', async () => {
    const memory = new WasmMemory({ pages: 1, most: 3 })
    assert.ok(await pool.run(t.isSame, memory, memory))
    assert.equal(memory.buffer.byteLength, 2 * 65_536)
    assert.equal(memory.grow(1), 2)
    assert.equal(await pool.run(t.pagesOf, memory), 3)
    assert.throws(() => memory.grow(1), { ...refused, message: /cannot grow by 1/ })
    assert.throws(() => memory.grow(Number.NaN), refused)
  })

  test('that is too small for a call is a trap, and of sizes that cannot be there is none', async () => {
    const memory = new WasmMemory({ pages: 1, most: 100 })
    await assert.rejects(pool.run(t.fill, memory, 65_536, 65_544, 1), trapped)
    for (const pages of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 65_537, '1']) {
      assert.throws(() => new WasmMemory({ pages: pages as number }), refused)
      if (pages !== 65_537) assert.throws(() => new WasmMemory({ pages: 1, most: pages as number }), refused)
    }
    assert.throws(() => new WasmMemory({ pages: 3, most: 2 }), refused)
  })

  test('does not go to processes', async () => {
    const memory = new WasmMemory({ pages: 1, most: 100 })
    await assert.rejects(other.run(t.fill, memory, 0, 8, 1), { code: 'SKEIN_UNSENDABLE', message: /threads/ })
  })
})
