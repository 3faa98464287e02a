import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { call, task, type CallOptions } from 'skein'
import { connect, openStore } from 'skein/queue'
import { inFolder, call as outgoing } from '../stores/sqlite/folder.ts'

const twice = task(import.meta, (n: number) => n * 2, { name: 'borders.twice' })

/** Options that hold a name, a key or a tag, each with this text in it. */
const withText = (text: string): readonly CallOptions[] => [
  { unique: text },
  { unique: { key: text } },
  { limit: { key: text, concurrency: 1 } },
  { key: text },
  { tags: ['fine', text] },
  { headers: { [text]: 1 } },
]
const half = 'a\ud800'
const halves: readonly CallOptions[] = [{ id: half }, { queue: half }, ...withText(half)]
const cut = 'a\0b'
const tooLong: readonly CallOptions[] = [
  { unique: { key: 'k', for: 1e300 } },
  { unique: { key: 'k', for: Infinity } },
  { delay: 1e300 },
  { delay: '999999999d' },
  { eta: 9e15 },
  { eta: new Date(8.64e15) },
  { expires: new Date(8.64e15) },
  { retries: { times: 1, backoff: 1e300 } },
  { limit: { key: 'k', rate: { count: 1, per: 1e300 } } },
]

const noIds: readonly unknown[] = [
  '',
  'two words',
  'a\tb',
  'a\u0000',
  'a\u2028b',
  'a\u009bb',
  'x'.repeat(201),
  5,
  null,
  {},
]

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.equal((error as { code?: unknown }).code, 'SKEIN_INVALID_ARGUMENT')
  assert.match(String(error), pattern)
  return true
}

describe('the border of a queue', () => {
  for (const [wrong, pattern, title] of [
    [halves, /half of a character/, 'a name with half of a character in it'],
    [withText(cut), /the code 0/, 'a name at a part of which a text would end'],
    [tooLong, /1,000 years|9999/, 'a time that no date can say'],
    [noIds.map(id => ({ id }) as CallOptions), /id must be a word of up to 200 characters/, 'an id that is no word'],
  ] as const) {
    inFolder(`refuses ${title}, and nothing else that is submitted beside it`, async file => {
      const queue = await connect(`sqlite:${file}`)
      try {
        for (const options of wrong) {
          // Called first and not awaited: all three go in one batch.
          const before = queue.submit(twice, 1)
          const bad = (async () => queue.submit(call(twice, 2).with(options)))()
          const after = queue.submit(twice, 3)
          await assert.rejects(bad, refused(pattern), JSON.stringify(options))
          await before
          await after
        }
        assert.equal((await queue.jobs({ limit: 100 })).length, wrong.length * 2)
      } finally {
        await queue.close({ cancel: true })
      }
    })
  }

  inFolder('lets whole characters, the longest times and no limit pass', async file => {
    const queue = await connect(`sqlite:${file}`)
    const submit = (options: CallOptions) => queue.submit(call(twice, 1).with(options))
    try {
      await submit({
        id: '😀'.repeat(100),
        queue: '😀',
        unique: { key: '😀'.repeat(50_000), for: '365250d' },
        tags: ['😀'],
        headers: { '😀': 1 },
        key: '😀',
      })
      await submit({ delay: '365250d', expires: Number.POSITIVE_INFINITY, deadline: Number.POSITIVE_INFINITY })
      // More than 1,000 years is no limit.
      await submit({ expires: 1e300, deadline: 1e300, grace: 1e300, timeout: 1e300 })
      await submit({ eta: Date.UTC(9999, 0), expires: new Date(Date.UTC(9999, 1)), timeout: '365250d' })
      assert.deepEqual((await queue.jobs({})).map(job => job.state).toSorted(), [
        'delayed',
        'delayed',
        'ready',
        'ready',
      ])
    } finally {
      await queue.close({ cancel: true })
    }
  })

  inFolder('is the same for a store that is used without a queue', async file => {
    const store = await openStore(`sqlite:${file}`)
    try {
      for (const changes of [{ queue: half }, { task: half }, { unique: { key: half, conflict: 'join' as const } }]) {
        await assert.rejects(store.broker.send([outgoing('1', changes)]), refused(/half of a character/))
      }
      for (const changes of [{ queue: cut }, { task: cut }, { unique: { key: cut, conflict: 'join' as const } }]) {
        await assert.rejects(store.broker.send([outgoing('1', changes)]), refused(/the code 0/))
      }
    } finally {
      await store.close()
    }
  })
})
