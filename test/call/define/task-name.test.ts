import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { byTaskName, taskName } from '#skein/call/define/task-name.js'

describe('the name of a task', () => {
  test('is the name of its file and its own', () => {
    const url = (path: string): string => `file:///project/${path}`
    assert.equal(taskName({ url: url('src/primes.ts'), name: 'countPrimes' }), 'primes.countPrimes')
    assert.equal(taskName({ url: url('dist/primes.js'), name: 'countPrimes' }), 'primes.countPrimes')
    assert.equal(taskName({ url: url('src/mail/index.mts'), name: 'send' }), 'mail.send')
    assert.equal(taskName({ url: url('src/mail.tasks.ts?v=1'), name: 'send' }), 'mail.tasks.send')
    assert.equal(taskName({ url: url('src/h%C3%A9llo.mjs'), name: 'x' }), 'héllo.x')
    assert.equal(taskName({ url: 'data:text/javascript,1', name: 'x' }), 'module.x')
  })

  test('is the name that it was given where that has a dot in it', () => {
    assert.equal(taskName({ url: 'file:///a/primes.ts', name: 'billing.charge' }), 'billing.charge')
  })

  test('must be that of one task only', () => {
    const one = { url: 'file:///a/mail.ts', name: 'send' }
    const other = { url: 'file:///b/mail.ts', name: 'send' }
    assert.equal(byTaskName([one, one]).size, 1)
    assert.throws(() => byTaskName([one, other]), {
      code: 'SKEIN_TASK_DEFINITION',
      message: /both known to queues as 'mail\.send'.*\/a\/mail\.ts.*\/b\/mail\.ts/,
    })
  })
})
