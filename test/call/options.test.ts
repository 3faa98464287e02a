import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from 'skein'
import { double } from '../conformance/tasks/values.ts'

test('an option that is given as undefined takes back what was said before, and the others stay', () => {
  const limited = call(double, 1).with({ timeout: '1s', priority: 2 })
  const { options } = limited.with({ timeout: undefined } as never) as unknown as { readonly options: object }
  assert.deepEqual(options, { timeout: undefined, priority: 2 })
  assert.ok(Object.isFrozen(options))
})
