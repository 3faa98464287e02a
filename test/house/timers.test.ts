import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sourceFiles } from '../support/sources.ts'

/** Programs, a page in a browser and a thread of their own, where nobody puts other timers in place. */
const apart = /^src\/(?:cli|advisor|dashboard\/page)\/|^src\/stores\/redis\/leases\/deputy-thread\.ts$/

describe('timers, turns and the steady clock', () => {
  test('are taken from core/time/platform.ts, where no test can put others in their place', () => {
    const found: string[] = []
    for (const { path, text } of sourceFiles('src', '.ts')) {
      if (apart.test(path) || path === 'src/core/time/platform.ts') continue
      const [, taken = ''] = /import \{([^}]*)\} from '[./\w]*platform\.ts'/.exec(text) ?? []
      for (const [at, line] of text.split('\n').entries()) {
        if (/^\s*(?:\*|\/\/|\/\*)/.test(line)) continue
        const [, used] = /(?<![.\w])((?:set|clear)(?:Timeout|Interval|Immediate)|queueMicrotask)\(/.exec(line) ?? []
        if (used !== undefined && !new RegExp(`\\b${used}\\b`).test(taken)) found.push(`${path}:${at + 1} ${used}`)
        if (/process\.nextTick\(|performance\.now\(|'node:timers'/.test(line))
          found.push(`${path}:${at + 1} ${line.trim()}`)
      }
    }
    assert.deepEqual(found, [])
  })
})
