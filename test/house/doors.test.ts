import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { doors } from '../support/doors.ts'

describe('the doors of the package', () => {
  const owners = new Map<string, string[]>()
  for (const { specifier, names } of doors)
    for (const name of names) owners.set(name, [...(owners.get(name) ?? []), specifier])

  test('are really read', () => {
    assert.deepEqual(owners.get('scope'), ['skein'])
    assert.deepEqual(owners.get('threads'), ['skein/threads'])
    assert.deepEqual(owners.get('WaitQueue'), ['skein/lowlevel'])
    assert.deepEqual(owners.get('DurableQueue'), ['skein/queue'])
  })

  test('have no name in common: each thing has one name and one door', () => {
    const shared = [...owners].filter(([, at]) => at.length > 1).map(([name, at]) => `${name}: ${at.join(' ')}`)
    assert.deepEqual(shared, [])
  })
})
