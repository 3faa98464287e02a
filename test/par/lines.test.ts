import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type Executor, loop } from 'skein'
import { jsonLines, lines, par } from 'skein/par'
import { processes } from 'skein/processes'
import { threads } from 'skein/threads'
import * as t from './tasks.ts'

const folder = mkdtempSync(join(tmpdir(), 'skein-lines-'))
const pool = threads({ workers: 2 })
const other = processes({ workers: 2 })
after(async () => {
  await pool.close()
  await other.close()
  rmSync(folder, { recursive: true, force: true })
})
const places: Readonly<Record<string, Executor>> = { loop, threads: pool, processes: other }
const refused = { code: 'SKEIN_INVALID_ARGUMENT' }

let files = 0
function fileOf(content: string | Uint8Array): string {
  const path = join(folder, `${files++}`)
  writeFileSync(path, content)
  return path
}

/** Lines of all lengths, some longer than several leaves, with characters of one to four bytes. */
const line = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ' ', 'ä', '€', '😀'), maxLength: 60 }),
  fc.integer({ min: 0, max: 20_000 }).map(length => 'long '.repeat(length / 5)),
)
const text = fc.record({
  all: fc.array(line, { maxLength: 120 }).map(all => [...all, 'end']),
  newline: fc.constantFrom('\n', '\r\n'),
  last: fc.boolean(),
  chunk: fc.integer({ min: 1, max: 30_000 }),
})

for (const [name, on] of Object.entries(places)) {
  test(`lines on ${name} are those of the file, wherever its blocks end, plain and compressed`, () =>
    fc.assert(
      fc.asyncProperty(text, async ({ all, newline, last, chunk }) => {
        const content = all.join(newline) + (last ? newline : '')
        for (const file of [fileOf(content), fileOf(gzipSync(content, { level: 1 }))]) {
          assert.deepEqual(await par(lines(file), { on, chunk }).toArray(), all)
          assert.equal(
            await par(lines(file), { on }).map('length').sum(),
            all.reduce((sum, each) => sum + each.length, 0),
          )
        }
      }),
      { numRuns: 8 },
    ))
}

describe('a file', () => {
  test('that is compressed has the same leaves as a plain one, so sums are the same to the last bit', async () => {
    const content = Array.from({ length: 30_000 }, (_, n) => `${Math.sin(n) * 10 ** (n % 9)}`).join('\n')
    const sums = []
    for (const file of [fileOf(content), fileOf(gzipSync(content, { level: 1 }))]) {
      for (const [on, chunk] of [
        [loop, 9_999],
        [pool, 'auto'],
        [other, 70_000],
      ] as const) {
        sums.push(await par(jsonLines<number>(file), { on, chunk }).map(t.double).sum())
      }
    }
    assert.equal(new Set(sums).size, 1)
  })

  test('may be empty, begin with a byte order mark, and be named by a URL', async () => {
    assert.deepEqual(await par(lines(fileOf('')), { on: pool }).toArray(), [])
    assert.deepEqual(await par(lines(fileOf(gzipSync(''))), { on: pool }).toArray(), [])
    assert.deepEqual(await par(lines(pathToFileURL(fileOf('\ufeffa\n\nb'))), { on: pool }).toArray(), ['a', '', 'b'])
  })

  test('of JSON lines is parsed by the workers, and leaves empty lines out', async () => {
    const file = fileOf('{"price":3,"country":"FR"}\n\n{"price":4,"country":"IT"}\n{"price":5,"country":"FR"}\n')
    const sales = par(jsonLines<{ price: number; country: string }>(file), { on: pool })
    assert.deepEqual(await sales.countBy('country'), new Map([['FR', 2], ['IT', 1]])) // prettier-ignore
    assert.deepEqual(await sales.sort({ by: 'price', descending: true }).map('price').toArray(), [5, 4, 3])
  })

  test('with a line that is not JSON says which', async () => {
    const file = fileOf('{"a":1}\n{"a":2}\n{a:3}\n')
    await assert.rejects(par(jsonLines(file), { on: pool }).count(), {
      ...refused,
      message: /line is not JSON.*\{a:3\}/s,
    })
  })

  test('that cannot be read is refused with its path', async () => {
    for (const path of [join(folder, 'missing'), folder]) {
      await assert.rejects(par(lines(path), { on: pool }).count(), { ...refused, message: new RegExp(path) })
    }
    for (const path of ['', 5, undefined]) assert.throws(() => lines(path as string), refused)
    const broken = fileOf(gzipSync('line\n'.repeat(10_000)))
    truncateSync(broken, 40)
    await assert.rejects(par(lines(broken), { on: pool }).count(), {
      ...refused,
      message: /cannot be read: unexpected end/,
    })
  })

  test('tells its progress in bytes', async () => {
    const file = fileOf('line\n'.repeat(100_000))
    const told: { done: number; total: number | undefined }[] = []
    await par(lines(file), { on: pool, onProgress: each => told.push(each) }).count()
    assert.deepEqual(told.at(-1), { done: 500_000, total: 500_000 })
  })
})
