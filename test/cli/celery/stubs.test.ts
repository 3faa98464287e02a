import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../../support/paths.ts'
import { celery, notTested } from '../../support/services.ts'
import { skein } from '../skein.ts'

const shop = `
export interface Order { id: number; lines: { sku: string; 'unit price': number }[]; note?: string }
export type Size = 'small' | 'large'
`

const module = `
import { task } from 'skein'
import type { Order, Size } from './shop.ts'

/**
 * Counts the primes below a "limit" \\ of yours.
 *
 * More.
 */
export const countPrimes = task(import.meta, function countPrimes(limit: number, exact?: boolean) { return exact === true ? limit : 0 })
const sum = task(import.meta, async (...ns: number[]) => ns.reduce((a, b) => a + b, 0), { name: 'maths.total' })
export { sum as total }
export const ship = task(import.meta, async function ship(order: Order, { size, when }: { size: Size; when?: Date }) {
  return { order: order.id, when, size, bytes: new Uint8Array(1) }
})
export const from = task(import.meta, function from(class_: bigint | null) { return class_ })
`

/** A folder inside of the repository, so that 'skein' is this package. */
function place(t: TestContext): string {
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build', 'stubs-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'tasks.ts'), module)
  writeFileSync(join(folder, 'shop.ts'), shop)
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  return folder
}

describe('skein celery stubs', () => {
  test('writes a Python module with the types of the tasks', async t => {
    const folder = place(t)
    const { code, stdout, stderr } = await skein(folder, [
      'celery',
      'stubs',
      'tasks.ts',
      '--queue',
      'ts',
      '--out',
      'skein_tasks.py',
    ])
    assert.equal(code, 0, stderr)
    assert.equal(stdout, '4 tasks in skein_tasks.py.\n')
    const text = readFileSync(join(folder, 'skein_tasks.py'), 'utf8')
    assert.match(text, /Written by `skein celery stubs tasks\.ts`/)
    assert.match(
      text,
      /@_task\("tasks\.countPrimes"\)\ndef count_primes\(limit: float, exact: bool = _left_out, \/\) -> float:\n {4}"""Counts the primes below a \\"limit\\" \\\\ of yours\."""\n/,
    )
    assert.match(text, /@_task\("maths\.total"\)\ndef total\(\*ns: float\) -> float:/)
    assert.match(text, /def ship\(order: Order, argument2: ShipArgument2, \/\) -> ShipResult:/)
    assert.match(
      text,
      /class ShipArgument2\(TypedDict\):\n {4}size: Literal\["small", "large"\]\n {4}when: NotRequired\[datetime\]\n/,
    )
    assert.match(text, /OrderLines = TypedDict\("OrderLines", \{"sku": "str", "unit price": "float"\}\)/)
    assert.match(text, /ShipResult = TypedDict\("ShipResult", \{.*"bytes": "bytes"/)
    assert.match(text, /@_task\("tasks\.from"\)\ndef from_\(class_: int \| None, \/\) -> int \| None:/)
  })

  test('whose objects are what a task of Celery is', async t => {
    const python = await celery()
    if (python.missing !== undefined) return notTested(t, python.missing)
    const folder = place(t)
    await skein(folder, ['celery', 'stubs', 'tasks.ts', '--queue', 'ts', '--out', 'skein_tasks.py'])
    writeFileSync(
      join(folder, 'look.py'),
      `
import json
from celery import Celery, chain
app = Celery("proj", broker="memory://")
from skein_tasks import count_primes, ship

partial, whole = count_primes.s(True), count_primes.si(100)
found = [partial.task, partial.args, partial.immutable, partial.options["queue"], whole.args, whole.immutable]
found.append(count_primes.delay(5, True).id is not None)
found.append(chain(whole, ship.s({"size": "small"})).tasks[1].args)
found.append(count_primes.__doc__)
for wrong in (lambda: count_primes.si(), lambda: count_primes.delay(1, exact=True), lambda: ship.si(1)):
    try:
        wrong()
    except TypeError as error:
        found.append(str(error))
print(json.dumps(found))
`,
    )
    const { stdout } = await promisify(execFile)(python.python, ['look.py'], { cwd: folder })
    const found = JSON.parse(stdout) as unknown[]
    assert.match(String(found.splice(-2, 1)), /'exact'/)
    assert.deepEqual(found, [
      'tasks.countPrimes',
      [true],
      false,
      'ts',
      [100],
      true,
      true,
      [{ size: 'small' }],
      'Counts the primes below a "limit" \\ of yours.',
      "missing a required argument: 'limit'",
      "missing a required argument: 'argument2'",
    ])
  })

  test('describes them for programs', async t => {
    const { stdout, stderr } = await skein(place(t), ['celery', 'stubs', 'tasks.ts', '--json'])
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { task: string; parameters: object[] })
    assert.deepEqual(
      lines.map(each => each.task),
      ['tasks.countPrimes', 'maths.total', 'tasks.ship', 'tasks.from'],
      stderr,
    )
    assert.deepEqual(lines[3]?.parameters, [
      { name: 'class_', kind: 'place', required: true, type: { is: 'union', of: [{ is: 'int' }, { is: 'none' }] } },
    ])
  })

  test('reads JavaScript, too, of which less is known', async t => {
    const folder = place(t)
    writeFileSync(
      join(folder, 'plain.mjs'),
      `import { task } from 'skein'\nexport const twice = task(import.meta, function twice(n, more = 1) { return n * 2 + more })\n`,
    )
    const { code, stdout, stderr } = await skein(folder, ['celery', 'stubs', 'plain.mjs'])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /@_task\("plain\.twice"\)\ndef twice\(n: Any, more: float = _left_out, \/\) -> float:/)
    assert.match(stdout, /return current_app\.signature\(self\.name, args=args\)\n/)
  })

  test('says what is wrong with a file', async t => {
    const folder = place(t)
    const wrong: readonly (readonly [file: string, says: RegExp])[] = [
      ['gone.ts', /There is no file .+gone\.ts/],
      ['.', /is a folder/],
      ['shop.ts', /defines no task/],
    ]
    for (const [file, says] of wrong) {
      const { code, stdout, stderr } = await skein(folder, ['celery', 'stubs', file])
      assert.deepEqual([code, stdout], [3, ''], file)
      assert.match(stderr, says)
    }
  })
})
