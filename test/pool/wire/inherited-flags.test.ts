import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { flagsOfThreads, inheritedFlags } from '#skein/pool/wire/inherited-flags.js'

describe('the Node options that processes get from their program', () => {
  test('are all but those that it has for itself', () => {
    assert.deepEqual(inheritedFlags(['--import', 'tsx', '--inspect', '--max-old-space-size=100', '-r', './a.cjs']), [
      '--import',
      'tsx',
      '--max-old-space-size=100',
      '-r',
      './a.cjs',
    ])
  })

  test('are handed on or left out together with their values', () => {
    const kept = ['--conditions', 'production']
    for (const own of [
      ['--inspect-port', '9333'],
      ['--inspect-port=9333'],
      ['--cpu-prof', '--cpu-prof-dir', './out'],
      ['--heap-prof', '--heap-prof-dir=./out'],
      ['--test-name-pattern', 'some words'],
      ['-e', 'console.log(1)'],
      ['-p', '-e', '1 + 1'],
      ['-pe', '1 + 1'],
      ['--input-type', 'module', '--eval', 'await 1'],
      ['--test', '--test-reporter', 'spec', '--test-reporter-destination', 'stdout'],
    ]) {
      assert.deepEqual(inheritedFlags([...own, ...kept]), kept, own.join(' '))
      assert.deepEqual(inheritedFlags([...kept, ...own]), kept, own.join(' '))
    }
  })

  test('are for threads all, or those for modules where the rest would be refused', () => {
    assert.equal(flagsOfThreads(['--import', 'tsx', '--max-old-space-size=100']), undefined)
    assert.deepEqual(
      flagsOfThreads(['--input-type', 'module', '--import', 'tsx', '-C=dev', '--max-old-space-size=100', '-e', '1']),
      ['--import', 'tsx', '-C=dev'],
    )
  })

  test('leave no value of an own option behind, of all that this Node has', () => {
    const help = execFileSync(process.execPath, ['--help'], { encoding: 'utf8' })
    const options = [...help.matchAll(/^ {2}(?:(-\w+), )?(--[\w-]+)=\S*/gm)].flatMap(([, short, long]) => [short, long])
    assert.ok(options.length > 30, help)
    for (const option of options) {
      if (option === undefined) continue
      const flags = inheritedFlags([option, 'a-value'])
      assert.ok(flags.length === 0 || flags.length === 2, `${option}: ${flags.join(' ')}`)
    }
  })
})
