import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { StoredJob } from '#skein/stores/roles/inspector.js'
import { root } from '../../support/paths.ts'
import { killRecipes, violationsOf } from './recipes.ts'

describe('the recipes of the guide for schedules and chains', { skip: process.platform === 'win32' }, () => {
  test('lose nothing and do nothing twice, whoever is killed', { timeout: 300_000 }, async () => {
    mkdirSync(join(root, 'build'), { recursive: true })
    const folder = mkdtempSync(join(root, 'build', 'recipes-'))
    try {
      const { kills, jobs, violations } = await killRecipes(folder, { kills: 12, seed: 11 })
      assert.deepEqual(violations, [])
      assert.ok(kills >= 12)
      assert.ok(jobs > 0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  const job = (task: string, argument: string, state: StoredJob['state']): StoredJob =>
    ({
      id: `${task}-${argument}`,
      task: `orders.${task}`,
      body: JSON.stringify([[argument], {}, {}]),
      state,
    }) as StoredJob
  const sound = [
    job('charge', 'a', 'done'),
    job('ship', 'a', 'done'),
    job('remind', 'a', 'delayed'),
    job('summary', 'monday', 'done'),
  ]

  for (const [what, jobs, violation] of [
    ['nothing', sound, undefined],
    ['a chain that has ended too soon', sound.toSpliced(1, 1), /ship of order a is there 0 times/],
    ['a next job that is there twice', [...sound, job('ship', 'a', 'done')], /ship of order a is there 2 times/],
    ['two summaries of a day', [...sound, job('summary', 'monday', 'done')], /2 summaries of 1 days/],
    ['a job that nobody runs', [...sound.slice(1), job('charge', 'a', 'running')], /charge charge-a is running/],
  ] as const) {
    test(`are found to have left ${what}`, () => {
      const found = violationsOf(jobs, ['a']).join()
      if (violation === undefined) assert.equal(found, '')
      else assert.match(found, violation)
    })
  }
})
