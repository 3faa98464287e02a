import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { afterKey, firstView, keysIn, type View } from '#skein/cli/queue/top/view.js'

/** The view after some keys, as a terminal sends them. */
function pressed(text: string, from: View = firstView('')): View | 'quit' {
  let view: View | 'quit' = from
  for (const key of keysIn(text)) if (view !== 'quit') view = afterKey(view, key, 10)
  return view
}

describe('the view of skein top', () => {
  test('tells keys apart that come at once, sequences and whole characters among them', () => {
    assert.deepEqual(keysIn('q\u001b[A\u001b[5~x\u001bOB\u001b😀/'), [
      'q',
      '\u001b[A',
      '\u001b[5~',
      'x',
      '\u001bOB',
      '\u001b',
      '😀',
      '/',
    ])
    assert.deepEqual(keysIn(''), [])
  })

  test('ends with q and Ctrl-C, but a q that is typed belongs to the filter', () => {
    assert.equal(pressed('q'), 'quit')
    assert.equal(pressed('?q'), 'quit')
    assert.equal(pressed('/q\u0003'), 'quit')
    assert.deepEqual(pressed('/qx'), { ...firstView(''), typing: 'qx' })
  })

  test('takes a filter with Enter, and forgets it with Escape, also half typed', () => {
    assert.deepEqual(pressed('/mai\u007f\u007fé😀\u007fx\r'), { ...firstView(''), filter: 'méx' })
    assert.deepEqual(pressed('/mail\u001b', firstView('old')), firstView('old'))
    assert.deepEqual(pressed('/\u0015new\n', firstView('old')), firstView('new'))
    assert.deepEqual(pressed('\u001b', firstView('old')), firstView(''))
    // Keys that have no sign are not part of it.
    assert.deepEqual(pressed('/a\u001b[A\u0001b\r'), { ...firstView(''), filter: 'ab' })
  })

  test('shows one part alone, or all of them, and scrolls where it is one', () => {
    assert.deepEqual(pressed('2'), { ...firstView(''), section: 'running' })
    assert.deepEqual(pressed('\t'), { ...firstView(''), section: 'queues' })
    assert.deepEqual(pressed('\t\t\t\t'), firstView(''))
    assert.deepEqual(pressed('jj\u001b[6~'), firstView(''))
    assert.deepEqual(pressed('3jj\u001b[6~k'), { ...firstView(''), section: 'tasks', from: 11 })
    assert.deepEqual(pressed('3j\u001b[5~'), { ...firstView(''), section: 'tasks' })
    assert.deepEqual(pressed('3jjg'), { ...firstView(''), section: 'tasks' })
    assert.deepEqual(pressed('3jj0'), firstView(''))
  })

  test('goes through the orders of tasks, holds still, and shows its help until the next key', () => {
    assert.deepEqual(
      ['', 's', 'ss', 'sss', 'ssss'].map(keys => (pressed(keys) as View).order),
      ['run', 'wait', 'ended', 'failed', 'run'],
    )
    assert.equal((pressed(' ') as View).isPaused, true)
    assert.equal((pressed('  ') as View).isPaused, false)
    assert.equal((pressed('?') as View).isHelp, true)
    assert.equal((pressed('?x') as View).isHelp, false)
    assert.deepEqual(pressed('zZ\u0000\u001b[15~'), firstView(''))
  })
})
