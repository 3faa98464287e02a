import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { sourceFiles } from '../support/sources.ts'
import { callRows } from './numbers/call.ts'
import { coreRows } from './numbers/core.ts'
import { type NumberRow, shown, values } from './numbers/kinds.ts'
import { parRows } from './numbers/par.ts'
import { placeRows } from './numbers/places.ts'

/** Options of these are not for users: they are made by code that has checked. */
const internal: ReadonlySet<string> = new Set([
  'ContestOptions',
  'RoundLimit',
  'SettleOptions',
  'RunWithOptions',
  'ProgressOptions',
  'Rate',
  'StoredLimit',
  // Read from a URL, which checks them.
  'ConnectionOptions',
  // Its numbers are places of arguments: test/queue/contract.test.ts
  'ContractOptions',
])

/** Too large to be tried out: they do as much as they are told to. */
const tooMuch: Readonly<Record<string, (value: unknown) => boolean>> = {
  'CompareOptions.rounds': value => typeof value === 'number' && value > 3,
  'CompareOptions.budget': value => (typeof value === 'number' ? value > 100 : value !== '0ms'),
  'settled(turns)': value => typeof value === 'number' && value > 1_000,
}

/** The fields of public options that are a time, a count or a factor, as `ScopeOptions.grace`. */
function numberFields(): string[] {
  const found: string[] = []
  for (const { text } of sourceFiles('src', '.ts')) {
    let name: string | undefined
    for (const line of text.split('\n')) {
      name = /^export interface (\w+(?:Options|Policy|Limit|Backoff|Rate))\b/.exec(line)?.[1] ?? name
      name = /^export interface (Backoff|TaskRate)\b/.exec(line)?.[1] ?? name
      if (line.startsWith('}')) name = undefined
      const [, field, type = ''] = /^ {2}readonly (\w+)\??: (.*)$/.exec(line) ?? []
      if (name === undefined || internal.has(name) || field === undefined) continue
      if (/\b(?:Duration|number)\b/.test(type) && !type.includes('=>')) found.push(`${name}.${field}`)
    }
  }
  return found
}

const rows: readonly NumberRow[] = [...coreRows, ...callRows, ...placeRows, ...parRows]

describe('numbers at the edge', () => {
  // Limits that are short are meant to be exceeded here, and the warnings that say so are not to be read.
  before(() => void process.removeAllListeners('warning'))

  test('are tried out on every option that is a time, a count or a factor', () => {
    const tried = new Set(rows.map(({ name }) => name.replace(/ \(.*$/, '')))
    assert.deepEqual(
      numberFields().filter(field => !tried.has(field)),
      [],
      'Add the option to test/house/numbers/.',
    )
  })

  for (const { name, takes, use } of rows) {
    test(`${name} takes what makes sense and refuses the rest by its name`, async () => {
      const warnings: string[] = []
      const onWarning = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`)
      process.on('warning', onWarning)
      const option = /\S\((\w+)\)/.exec(name)?.[1] ?? /\.(\w+)/.exec(name)?.[1] ?? name
      for (const value of values) {
        if (tooMuch[name]?.(value) === true) continue
        let outcome: unknown
        let error: { code?: string; message: string } | undefined
        try {
          outcome = await use(value as never)
        } catch (thrown) {
          error = thrown as { code?: string; message: string }
        }
        if (takes.accepts(value)) {
          assert.equal(error, undefined, `${shown(value)} is refused`)
          if (takes.long(value)) assert.notEqual(outcome, 'cut', `${shown(value)} is taken for no time at all`)
        } else {
          assert.equal(error?.code, 'SKEIN_INVALID_ARGUMENT', `${shown(value)} is not refused: ${String(error)}`)
          assert.ok(error.message.includes(option), `the error does not name ${option}: ${error.message}`)
        }
      }
      process.removeListener('warning', onWarning)
      assert.deepEqual(
        warnings.filter(each => each.startsWith('TimeoutOverflow')),
        [],
      )
    })
  }
})
