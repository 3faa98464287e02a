import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as skein from 'skein'
import * as lowlevel from 'skein/lowlevel'
import * as par from 'skein/par'
import * as processes from 'skein/processes'
import * as queue from 'skein/queue'
import * as shared from 'skein/shared'
import * as testing from 'skein/testing'
import * as threads from 'skein/threads'
import * as wasm from 'skein/wasm'
import { commands } from '#skein/cli/commands.js'
import { LocalJob } from '#skein/core/job/local-job.js'
import { StoredJobHandle } from '#skein/queue/client/durable-job.js'
import { QueueExecutor } from '#skein/queue/client/queue-executor.js'
import { QueueWorkerHandle } from '#skein/queue/worker/queue-worker.js'
import { root } from '../support/paths.ts'

/** Names that a page uses beside those of skein: the language's and Node's. */
const foreign = new Set(
  'new Promise for await net readline socket stream server dgram Symbol Infinity Date clock pool lock trySend tryReceive tryPut tryGet tryAcquire'.split(
    ' ',
  ),
)

/** What the rooms export, and the room to name beside it: none for the front door. Types stand in their sources only. */
const exported = new Map<string, string>()
for (const [room, module] of Object.entries({
  lowlevel,
  par,
  processes,
  queue,
  shared,
  testing,
  threads,
  wasm,
  '': skein,
})) {
  for (const name of Object.keys(module)) exported.set(name, room)
}
const types = new Set(['Job', 'Call', 'Executor', 'Scope'])

/** Those for people who come from somewhere: from Python, or with something that runs. */
const pages = ['docs/from-python', 'docs/guide'].flatMap(folder =>
  readdirSync(join(root, folder))
    .filter(name => name.endsWith('.md') && (folder !== 'docs/guide' || name.startsWith('from-')))
    .map(name => ({ name, text: readFileSync(join(root, folder, name), 'utf8') })),
)

/** What the pages call a scope, a job, a lock and so on, to look its methods up. */
const things: Readonly<Record<string, object>> = {
  s: lowlevel.background(),
  job: LocalJob.prototype,
  pool: skein.loop,
  items: par.par([], { on: skein.loop }),
  lock: new skein.Lock(),
  event: new skein.Event(),
  gate: new skein.Gate(),
  condition: new skein.Condition(),
  semaphore: new skein.Semaphore(1),
  barrier: new skein.Barrier(2),
  limiter: new skein.CapacityLimiter(1),
  queue: new skein.Queue(),
  channel: shared.SharedChannel.prototype,
  sender: skein.channel()[0],
  receiver: skein.channel()[1],
}

/** The same where a page means others by these words: those of a durable queue. */
const durable: Readonly<Record<string, object>> = {
  queue: QueueExecutor.prototype,
  job: StoredJobHandle.prototype,
  worker: QueueWorkerHandle.prototype,
}
const aboutQueues: ReadonlySet<string> = new Set(['celery.md', 'from-celery.md', 'from-bullmq.md'])

/** All that stands in backticks outside of code blocks. */
function spans(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '')
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, span]) => span as string)
}

describe('the pages for people who come from Python', () => {
  for (const list of readdirSync(join(root, 'test/from-python/names'))) {
    const page = list.replace('.json', '.md')
    const names = JSON.parse(readFileSync(join(root, 'test/from-python/names', list), 'utf8')) as Record<
      string,
      string[]
    >
    for (const [module, members] of Object.entries(names)) {
      test(`${page} names all that ${module} has`, () => {
        const text = pages.find(({ name }) => name === page)?.text ?? ''
        const words = spans(text).flatMap(span => span.split(/[^\w]+/))
        // `cache_*` stands for all that begin so.
        const beginnings = spans(text).flatMap(span => (span.endsWith('_*') ? [span.slice(0, -1)] : []))
        assert.deepEqual(
          members.filter(member => !words.includes(member) && !beginnings.some(each => member.startsWith(each))),
          [],
        )
      })
    }
  }

  for (const { name, text } of pages) {
    test(`${name} sends people only to what there is`, () => {
      const missing: string[] = []
      let isTable = false
      for (const line of text.split('\n')) {
        const [, , here] = line.split('|')
        if (here === undefined) isTable = false
        else if (/^ (here|in Node) $/.test(here)) isTable = true
        else if (isTable)
          for (const span of spans(here)) if (!isThere(span, line, name)) missing.push(`${span} in: ${line}`)
      }
      assert.deepEqual(missing, [])
    })
  }
})

/** True for what a program can write: an export, a method of a scope or of a job, an option of those, a command, or Node's own. */
function isThere(span: string, line: string, page: string): boolean {
  const [, first = '', member] = /^(\w+)(?:\.(\w+))?/.exec(span) ?? []
  const [, command] = /^skein (\w+)/.exec(span) ?? []
  if (command !== undefined) return commands.some(each => each.name === command)
  const thing = (aboutQueues.has(page) ? durable[first] : undefined) ?? things[first]
  if (thing !== undefined && member !== undefined) return member in thing
  if (/^(\w+:|SKEIN_)/.test(span) && !span.includes('(')) return true
  const room = exported.get(first)
  if (room === undefined) return types.has(first) || foreign.has(first)
  return ['', 'par', 'threads', 'processes', 'queue'].includes(room) || line.includes(`skein/${room}`)
}
