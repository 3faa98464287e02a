import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { SkeinError } from 'skein'
import { randomOf } from './random.ts'
import { faultOf, subjects, trial } from './trial.ts'

/** `npm run mutate` makes a million, and takes a seed. */
const times = 20_000

test('a message with anything changed in it is read or refused, and nothing else happens', () => {
  const seed = Number(process.env['SKEIN_SEED'] ?? randomInt(2 ** 31))
  const all = subjects()
  const random = randomOf(seed)
  for (let number = 1; number <= times; number++) {
    const { subject, parts } = trial(all, random)
    const fault = faultOf(subject, parts)
    assert.equal(fault, undefined, `seed ${seed}, trial ${number}, ${subject.name}: ${parts.join('\n')}`)
  }
})

test('what is changed is still read often enough to come far', () => {
  const all = subjects()
  const random = randomOf(1)
  let read = 0
  for (let number = 1; number <= 2_000; number++) {
    const { subject, parts } = trial(all, random)
    try {
      subject.read(...parts)
      read++
    } catch (error) {
      assert.ok(error instanceof SkeinError)
    }
  }
  assert.ok(read > 500, `${read} of 2000`)
})

test('a reader that throws something else is found', () => {
  const thrower = { name: 't', parts: [''], read: () => assert.fail('x') }
  assert.match(faultOf(thrower, ['']) ?? '', /AssertionError/)
})
