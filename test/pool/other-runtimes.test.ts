import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runProgram } from '../conformance/script.ts'

/** Node that says it is another runtime, workers included: what skein does for that one is done, and has to work here as well. */
function as(runtime: string): string[] {
  const claim = `Object.defineProperty(process, 'versions', { value: { ...process.versions, ${runtime}: '1.0.0' } })`
  return ['--import', `data:text/javascript,${encodeURIComponent(claim)}`, '--input-type=module']
}

const imports = [
  `import { call } from ${JSON.stringify(import.meta.resolve('skein'))}`,
  `import { threads } from ${JSON.stringify(import.meta.resolve('skein/threads'))}`,
  `import { processes } from ${JSON.stringify(import.meta.resolve('skein/processes'))}`,
  `import { double, echo } from ${JSON.stringify(new URL('../conformance/tasks/values.js', import.meta.url).href)}`,
  `import { tidyUp } from ${JSON.stringify(new URL('../conformance/tasks/holding.js', import.meta.url).href)}`,
]

async function printed(runtime: string, lines: readonly string[]): Promise<string[]> {
  const ending = await runProgram('-e', [[...imports, ...lines].join('\n')], { nodeArgs: as(runtime) })
  assert.deepEqual([ending.code, ending.signal, ending.stderr], [0, null, ''])
  return ending.stdout.trimEnd().split('\n')
}

const said = (make: string): string =>
  `try { ${make}; console.log('taken') } catch (error) { console.log(error.code, error.message) }`

describe('on another runtime than Node.js', () => {
  test('a memory limit that it does not keep is refused, by name', async () => {
    const [ofThreads, ofProcesses] = await printed('bun', [
      said('threads({ memoryLimit: 32 })'),
      said('processes({ memoryLimit: 32 })'),
    ])
    assert.match(
      ofThreads ?? '',
      /^SKEIN_INVALID_ARGUMENT memoryLimit must be left out for threads on Bun,.* got 32\. Take maxWorkerMemory/,
    )
    assert.match(ofProcesses ?? '', /^SKEIN_INVALID_ARGUMENT memoryLimit must be left out for processes on Bun,/)
  })

  test('one that it keeps is taken', async () => {
    const [ofThreads, ofProcesses] = await printed('deno', [
      said('threads({ memoryLimit: 32 })'),
      said('processes({ memoryLimit: 32 })'),
    ])
    assert.match(ofThreads ?? '', /for threads on Deno/)
    assert.equal(ofProcesses, 'taken')
  })

  for (const runtime of ['bun', 'deno']) {
    for (const place of ['threads', 'processes']) {
      test(`calls on ${place} come back, and run out of time when they should (as ${runtime})`, async () => {
        const lines = await printed(runtime, [
          `const pool = ${place}({ workers: 1 })`,
          'console.log(await pool.run(double, 21))',
          'const view = await pool.run(echo, new Uint8Array(100).subarray(8, 12))',
          'console.log(view.length)',
          'console.log((await pool.run(echo, new Uint8Array(3_000_000))).length)',
          `const late = call(tidyUp, '/dev/null', '/dev/null').with({ timeout: 30 })`,
          'console.log(await pool.run(late).catch(error => error.code + " " + error.ended))',
          'await pool.close()',
        ])
        assert.deepEqual(lines, ['42', '4', '3000000', 'SKEIN_TIMEOUT cooperative'])
      })
    }
  }
})
