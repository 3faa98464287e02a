import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/paths.ts'
import { runScript } from '../support/run-script.ts'

test('A test queue is drained each time, also in a program whose TypeScript is translated as it is loaded', async () => {
  const { code, stdout, stderr } = await runScript(join(root, 'test/testing/programs/drain.ts'), { cwd: root })
  assert.equal(code, 0, stderr)
  assert.equal(stdout, '40\n')
})
