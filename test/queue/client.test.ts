import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, openStore } from 'skein/queue'
import { memoryStore } from 'skein/stores/memory'
import { clientSuite } from './client-suite.ts'
import { double } from './client-tasks.ts'

describe('in memory:', () => clientSuite(() => memoryStore()))

describe('a queue', () => {
  test('is opened by the URL of its store', async () => {
    const one = await connect('memory:client-test')
    const same = await connect(new URL('memory:client-test'), { queue: 'other' })
    const job = await one.submit(double, 1)
    assert.equal((await same.job(job.id))?.name, 'client-tasks.double')
    assert.equal(same.name, 'other')
    await one.close()
    await same.close()
  })

  test('needs a URL of a kind that there is', async () => {
    for (const url of ['jobs.db', 'amqp://user:secret@host/0', 'C:\\jobs.db', 5 as never]) {
      await assert.rejects(openStore(url), error => {
        assert.equal((error as { code?: unknown }).code, 'SKEIN_INVALID_ARGUMENT')
        assert.doesNotMatch(String(error), /secret/)
        return true
      })
    }
    await assert.rejects(connect('memory:x', { queue: 'two words' }), { code: 'SKEIN_INVALID_ARGUMENT' })
    await assert.rejects(connect('memory:x', { nonsense: 1 } as never), { code: 'SKEIN_INVALID_ARGUMENT' })
  })
})
