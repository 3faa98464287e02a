import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../support/paths.ts'

test('the page on other runtimes names the versions that the suite runs on', async () => {
  const script = pathToFileURL(join(root, 'scripts/other-runtimes.mjs')).href
  const { versions } = (await import(script)) as { versions: { bun: string; deno: string } }
  const page = readFileSync(join(root, 'docs/guide/other-runtimes.md'), 'utf8')
  const [header = ''] = page.split('\n').filter(line => line.startsWith('| ') && line.includes('Bun'))
  assert.deepEqual(
    header.split('|').map(cell => cell.trim()),
    ['', '', `Bun ${versions.bun}`, `Deno ${versions.deno}`, ''],
  )
})
