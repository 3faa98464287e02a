import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CancelledError, MisuseError, type Scope, scope } from 'skein'
import { rejection } from '../deferred.ts'

describe('scopes that nest in one synchronous stretch', () => {
  const nest = (s: Scope, levels: number): unknown => (levels === 0 ? 'inside' : s.scope(s => nest(s, levels - 1)))

  test('may be hundreds of levels deep', async () => {
    assert.equal(await scope(s => nest(s, 300)), 'inside')
  })

  test('are refused where the stack is nearly full, and everything around ends', async () => {
    const error = await rejection(scope(s => nest(s, 50_000)))
    assert.ok(error instanceof MisuseError)
    assert.match(error.message, /^s\.scope was called within \d+ scopes .* stack is nearly full/)
    // What was refused left nothing behind that the next one could stumble over.
    assert.equal(await scope(s => nest(s, 300)), 'inside')
  })

  test('go on where somebody handles the refusal', async () => {
    const careful = (s: Scope): Promise<string> => s.scope(s => careful(s)).catch(() => 'as deep as it goes')
    assert.equal(await scope(careful), 'as deep as it goes')
  })

  test('are told of it while others wait, and those are cancelled', async () => {
    let seen: unknown
    await rejection(
      scope(s => {
        s.spawn(async s => {
          seen = await rejection(s.sleep('1h'))
        })
        return s.sleep(0).then(() => nest(s, 50_000))
      }),
    )
    assert.ok(seen instanceof CancelledError)
  })
})

describe('a body that fills the stack', () => {
  const fill = (): number => fill() + 1

  test('fails with the RangeError of the platform', async () => {
    assert.ok((await rejection(scope(() => fill()))) instanceof RangeError)
    assert.ok((await rejection(scope(s => s.scope(s => s.scope(() => fill()))))) instanceof RangeError)
    assert.ok((await rejection(scope(s => s.spawn(() => fill()).result()))) instanceof RangeError)
  })

  test('with a scope at each height ends, whatever it catches', async () => {
    let levels = 0
    const climb = (s: Scope): number => {
      levels++
      if (levels % 8 === 0) s.scope(() => levels).catch(() => {})
      return climb(s) + 1
    }
    const error = await rejection(scope(s => s.sleep(0).then(() => climb(s))))
    assert.ok(error instanceof RangeError)
    assert.ok(levels > 1_000)
  })
})
