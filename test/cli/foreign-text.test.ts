import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { call } from 'skein'
import { connect } from 'skein/queue'
import { root } from '../support/paths.ts'
import { type Ended, skein, start, workplace } from './skein.ts'

/** Clears the screen, colours by a C1 character, and turns the direction of writing: none of it may reach a terminal as it is. */
const mark = '\u001b[2J\u009b31m\u202e\u2066\u0007\u2028'
const marked = (text: string): string => `${text}${mark}`

/** Tasks that put marked text into everything that a task can name or say. */
const module = `
import { task, current } from '${pathToFileURL(join(root, 'dist/index.js')).href}'
const mark = ${JSON.stringify(mark)}
export const say = task(import.meta, async function say(text) {
  const s = current()
  s.log('line ' + mark, { ['field' + mark]: 'value' + mark })
  s.progress({ ['at' + mark]: mark })
  return 'result ' + mark
}, { name: 'say' + mark })
export const fail = task(import.meta, function fail(text) {
  const error = new TypeError('message ' + mark)
  error.name = 'Name' + mark
  error.code = 'CODE' + mark
  error['own' + mark] = mark
  error.cause = new Error('cause ' + mark)
  throw error
}, { name: 'fail' + mark })
`

/** No character of a terminal's commands, and none that hides or turns text; lines end where lines end. */
function assertPrintable(where: string, { stdout, stderr }: Ended): void {
  for (const text of [stdout, stderr]) {
    const bad = /[^\P{C}\n\u200c\u200d]|[\u2028\u2029]/u.exec(text)
    assert.equal(bad && JSON.stringify(text.slice(bad.index - 30, bad.index + 10)), null, where)
  }
  assert.ok(!`${stdout}${stderr}`.includes('\u202e'), where)
}

async function place(t: TestContext): Promise<{ folder: string; env: NodeJS.ProcessEnv; ids: readonly string[] }> {
  const folder = workplace(t)
  const file = join(folder, 'marked.mjs')
  writeFileSync(file, module)
  const url = `sqlite:${join(folder, 'jobs.db')}`
  const env = { SKEIN_STORE: url }
  const tasks = (await import(pathToFileURL(file).href)) as Record<'say' | 'fail', never>
  const queue = await connect(url)
  const jobs: Awaited<ReturnType<typeof queue.submit>>[] = []
  for (const task of [tasks.say, tasks.fail]) {
    const options = { key: marked('key'), tags: [marked('tag')], headers: { [marked('header')]: mark } } as const
    jobs.push(await queue.submit(call(task, marked('argument') as never).with(options)))
  }
  const work = start(folder, ['worker', 'marked.mjs', '--on', 'loop', '--verbose'], { input: '', env })
  t.after(() => work.child.kill('SIGKILL'))
  for (const job of jobs) await job.result().catch(() => {})
  work.child.kill('SIGTERM')
  assertPrintable('skein worker --verbose', await work.ended)
  await queue.submit(call(tasks.say, marked('waits') as never).with({ tags: [marked('tag')] }))
  await queue.close()
  return { folder, env, ids: jobs.map(job => job.id) }
}

describe('no text from elsewhere acts on a terminal', () => {
  test('in any command that looks into a store, for people or as JSON', async t => {
    const { folder, env, ids } = await place(t)
    const commands = [
      ['stats'],
      ['jobs'],
      ['jobs', '--tag', marked('tag')],
      ['dead'],
      ['doctor'],
      ...ids.map(id => ['job', id]),
      ['job', marked('no-such-id')],
      ['jobs', '--queue', marked('no-such-queue')],
      ['pause', marked('queue')],
      ['resume', marked('queue')],
      ['cancel', marked('no-such-id')],
      ['retry', ids[1] as string],
      ['purge', '--state', 'done'],
    ]
    for (const command of commands) {
      for (const json of [[], ['--json']]) {
        const words = [...command, ...json]
        assertPrintable(`skein ${words.join(' ')}`, await skein(folder, words, { env }))
      }
    }
  })

  test('in results, errors and progress of map and compare', async t => {
    const folder = workplace(t)
    writeFileSync(join(folder, 'marked.mjs'), module)
    for (const task of ['say', 'fail']) {
      for (const extra of [[], ['--json']]) {
        const words = [`marked.mjs:${task}`, marked('input'), ...extra]
        assertPrintable(`skein map ${words.join(' ')}`, await skein(folder, ['map', ...words, '--on', 'loop']))
      }
    }
    assertPrintable('compare', await skein(folder, ['compare', 'marked.mjs:fail', marked('input'), '--no-report']))
  })

  test('in what is said of a wrong use', async t => {
    const folder = workplace(t)
    for (const words of [
      [marked('command')],
      ['map', marked('file.mjs'), '1'],
      ['map', `tasks.mjs:${marked('task')}`, '1'],
      ['map', 'tasks.mjs:echo', `--${marked('option')}`],
      ['jobs', '--store', marked('sqlite:no-such-folder/x.db')],
    ]) {
      assertPrintable(`skein ${words.join(' ')}`, await skein(folder, words))
    }
  })
})
