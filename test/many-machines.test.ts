import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { call, current, task } from 'skein'
import { connect, work } from 'skein/queue'
import { root } from './support/paths.ts'
import { describeRedis, freshRedis } from './support/redis-server.ts'

const page = readFileSync(join(root, 'docs/guide/many-machines.md'), 'utf8')

let failures = 0
const tryTwice = task(
  import.meta,
  async function tryTwice(text: string) {
    const s = current()
    await s.step('once', () => text)
    if (failures++ === 0) throw new Error('the first attempt')
    s.progress(text)
    return `${text} done`
  },
  { name: 'many.tryTwice' },
)

describeRedis('the page "many machines"', () => {
  test('has settings that a server takes', async t => {
    const [, block = ''] = /In `redis\.conf`:\n\n```\n([^`]+)```/.exec(page) ?? []
    const settings = block.trim().split('\n')
    assert.ok(settings.length >= 3)
    const server = await freshRedis(
      ...settings.flatMap(each => each.split(' ').map((word, at) => (at === 0 ? `--${word}` : word))),
    )
    t.after(() => server.stop())
    for (const each of settings) {
      const [name = '', value] = each.split(' ')
      assert.equal((await server.text('CONFIG', 'GET', name)).split('\n').at(-1), value)
    }
  })

  for (const prefix of ['', 'jobs:']) {
    test(`has the rights of a user who can do what jobs need, and nothing that is for administrators${prefix === '' ? '' : ', under a prefix'}`, async t => {
      const [line = ''] = /^ACL SETUSER .*$/m.exec(page) ?? []
      const keys = prefix === '' ? '~*' : '~jobs:*'
      assert.ok(page.includes(`\`${keys}`), 'the page has the other keys, too')
      const server = await freshRedis()
      t.after(() => server.stop())
      await server.text(...line.replace('>PASSWORD', '>p%ssword').replace('~*', keys).split(' '))
      const store = `redis://skein:${encodeURIComponent('p%ssword')}@127.0.0.1:${server.port}/0${prefix && `?prefix=${prefix}`}`
      failures = 0
      const queue = await connect(store)
      const worker = await work({ store, tasks: [tryTwice], on: 'loop' })
      const job = await queue.submit(call(tryTwice, 'it').with({ delay: '1ms', retries: { times: 1, backoff: '1ms' } }))
      assert.equal(await job.result(), 'it done')
      await worker.close()
      await queue.close()
      for (const command of [['CONFIG', 'GET', 'maxmemory'], ['FLUSHALL'], ['KEYS', '*'], ['SHUTDOWN']])
        assert.match(await server.text('ACL', 'DRYRUN', 'skein', ...command), /no permissions/)
    })
  }
})
