import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> }

for (const door of Object.keys(exports)) {
  if (door.endsWith('.json') || door === './ambient') continue // the ambient one changes the whole program, and exports nothing
  test(`every class of ${door} has the name under which it is exported, as errors, stacks and the console tell it`, async () => {
    const all = (await import(`skein${door.slice(1)}`)) as Record<string, unknown>
    const classes = Object.entries(all).filter(
      (entry): entry is [string, new () => unknown] =>
        typeof entry[1] === 'function' && Function.prototype.toString.call(entry[1]).startsWith('class'),
    )
    assert.deepEqual(
      classes.map(([, Class]) => Class.name),
      classes.map(([name]) => name),
    )
  })
}

test('a class that is only inside has its name, too', async () => {
  const { scope, Semaphore } = await import('skein')
  await scope(s => {
    assert.equal(s.constructor.name, 'Scope')
    assert.throws(() => new Semaphore(1).release(s as never), /got a Scope$/)
  })
})
