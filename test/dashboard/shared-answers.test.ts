import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SharedAnswers } from '#skein/dashboard/api/shared-answers.js'

/** Answers that are made when the test says so. */
function bed() {
  const answers = new SharedAnswers()
  const made: ((text: string | Error) => void)[] = []
  const ask = (question: string): Promise<string> =>
    answers.text(
      question,
      () =>
        new Promise((resolve, reject) => made.push(text => (typeof text === 'string' ? resolve(text) : reject(text)))),
    )
  return { ask, made }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('answers that many ask for', () => {
  test('are made once for all who ask while another one is made, and never before the question', async () => {
    const { ask, made } = bed()
    const first = ask('q')
    const others = [ask('q'), ask('q'), ask('q')]
    assert.equal(made.length, 1)
    made[0]?.('old')
    assert.equal(await first, 'old')
    await turn()
    assert.equal(made.length, 2)
    const late = ask('q')
    made[1]?.('new')
    assert.deepEqual(await Promise.all(others), ['new', 'new', 'new'])
    await turn()
    assert.equal(made.length, 3)
    made[2]?.('newest')
    assert.equal(await late, 'newest')
    await turn()
    void ask('q')
    assert.equal(made.length, 4)
  })

  test('are others for other questions, and one that fails is no answer to the next', async () => {
    const { ask, made } = bed()
    const first = ask('q')
    const next = ask('q')
    const other = ask('r')
    made[0]?.(new Error('oops'))
    made[1]?.('r')
    await assert.rejects(first, /oops/)
    assert.equal(await other, 'r')
    await turn()
    made[2]?.('fine')
    assert.equal(await next, 'fine')
  })
})
