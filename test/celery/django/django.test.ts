import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { task } from 'skein'
import { connect, contract, work } from 'skein/queue'
import { skein } from '../../cli/skein.ts'
import { root } from '../../support/paths.ts'
import { celeryWithDjango, notTested, startRedis } from '../../support/services.ts'

const page = readFileSync(join(root, 'docs/from-python/celery-with-django.md'), 'utf8')

/** The task of the page. */
const resize = task(import.meta, (file: string, width: number) => file.replace(/\.\w+$/, `-${width}.webp`), {
  name: 'pictures.resize',
})

test('a Django project sends tasks to a worker in TypeScript on commit, gets their results back, and is called from there', async t => {
  const [redis, python] = await Promise.all([startRedis(), celeryWithDjango()])
  t.after(() => redis.missing ?? redis.stop())
  if (redis.missing !== undefined || python.missing !== undefined)
    return notTested(t, (redis.missing ?? python.missing) as string)
  // Inside the repository, so that 'skein' is this package.
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build', 'django-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(root, 'test/celery/django'), folder, { recursive: true })
  const [, module = ''] = /^```ts run\n(\/\/ pictures\.ts\n[\s\S]*?)^```/m.exec(page) ?? []
  writeFileSync(join(folder, 'pictures.ts'), module)
  const env = {
    DJANGO_SETTINGS_MODULE: 'shop.settings',
    SHOP_DB: join(folder, 'shop.db'),
    REDIS_URL: redis.url,
    PYTHONDONTWRITEBYTECODE: '1',
  }

  const stubs = ['celery', 'stubs', 'pictures.ts', '--queue', 'pictures', '--out', 'pictures_tasks.py']
  const written = await skein(folder, stubs)
  assert.equal(written.code, 0, written.stderr)
  const typed = await skein(folder, ['celery', 'types', '--project', 'shop', '--python', python.python], { env })
  assert.match(typed.stdout, /^export const sendInvoice = .+'billing\.tasks\.send_invoice'/m, typed.stderr)
  const [, shown = ''] = /sendInvoice = contract<(.+)>\('billing/.exec(typed.stdout) ?? []
  assert.ok(page.includes(`contract<${shown}>(`), `the page has another contract than ${shown}`)

  let said = ''
  const start = (...words: string[]): ChildProcess => {
    const child = spawn(python.python, words, { cwd: folder, env: { ...process.env, ...env } })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)))
    t.after(() => child.kill('SIGKILL'))
    return child
  }
  const view = start('view.py')
  const lines = createInterface({ input: view.stdout! })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => {
    const { value } = await lines.next()
    assert.ok(value !== undefined, said)
    return JSON.parse(value)
  }
  assert.deepEqual(await next(), { inside: 0, after: 1, 'rolled back': 1 })

  const worker = await work({ store: redis.url, tasks: [resize], queues: 'pictures', on: 'loop' })
  const django = start('-m', 'celery', '-q', '-A', 'shop', 'worker', '-P', 'solo', '-l', 'error')
  const died = once(django, 'exit').then(() => assert.fail(`the worker of Django has ended: ${said}`))
  assert.deepEqual(await Promise.race([next(), died]), {
    small: 'cat-320.webp',
    kept: 'cat-320.webp',
    'has delay_on_commit': true,
  })

  const queue = await connect(redis.url)
  const options = { keywords: true, queue: 'celery' } as const
  const sendInvoice = contract<(order: number, options?: { copy?: boolean }) => string>(
    'billing.tasks.send_invoice',
    options,
  )
  assert.equal(await Promise.race([queue.run(sendInvoice, 7, { copy: true }), died]), '7 True')
  await worker.close()
  await queue.close()
  died.catch(() => {})
  const ended = once(django, 'exit')
  django.kill('SIGTERM')
  await ended
})
