import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { failAfter, moveOnAfter, openScope, retry, scope, type Scope, sleep } from 'skein'

async function breaks(s: Scope): Promise<never> {
  await s.sleep(0)
  throw new Error('broken')
}

/** The names of the functions of this file in the stack of an error, the innermost first. */
async function callersOf(run: () => Promise<unknown>): Promise<string[]> {
  async function caller(): Promise<void> {
    await run()
  }
  async function callerOfCaller(): Promise<void> {
    await sleep(0)
    await caller()
  }
  let stack = ''
  await callerOfCaller().catch((error: Error) => (stack = String(error.stack)))
  return [...stack.matchAll(/^ +at (?:async )?(\w+) \(/gm)].map(([, name]) => String(name))
}

describe('the stack of an error has the callers below it, after waits too,', () => {
  const callers = ['breaks', 'caller', 'callerOfCaller', 'callersOf']
  const ways: readonly (readonly [name: string, run: () => Promise<unknown>])[] = [
    ['of scope', () => scope(breaks)],
    ['of scope with a limit', () => scope(breaks, { timeout: '1m' })],
    ['of a scope in a scope', () => scope(async s => await s.scope(async s => await breaks(s)))],
    ['of failAfter', () => failAfter('1m', breaks)],
    ['of s.failAfter', () => scope(s => s.failAfter('1m', breaks))],
    ['of moveOnAfter', () => moveOnAfter('1m', breaks)],
    ['of s.shield', () => scope(s => s.shield(breaks, { timeout: '1m' }))],
    ['of s.step', () => scope(s => s.step('one', breaks))],
    ['of a body that is no async function', () => scope(s => breaks(s))],
    [
      'of a block',
      async () => {
        await using s = openScope()
        await breaks(s)
      },
    ],
    ['of retry', () => retry(breaks, { times: 0 })],
    [
      'of a scope that others hold up',
      () =>
        scope(async s => {
          s.spawn(s => s.sleep('1h'))
          await breaks(s)
        }),
    ],
  ]
  for (const [name, run] of ways) {
    test(name, async () => {
      const found = await callersOf(run)
      assert.deepEqual(
        found.filter(each => callers.includes(each)),
        callers,
        found.join(' < '),
      )
    })
  }
})

describe('those who wait for a scope go on before those who wait for the one around it', () => {
  for (const [how, body] of [
    ['is done', async (s: Scope) => s.sleep(0)],
    ['fails', breaks],
  ] as const) {
    test(`when it ${how}`, async () => {
      const order: string[] = []
      const note = (): void => void order.push('inner')
      await scope(s => {
        void s.scope(body).then(note, note)
      }).catch(() => {})
      order.push('outer')
      assert.deepEqual(order, ['inner', 'outer'])
    })
  }
})
