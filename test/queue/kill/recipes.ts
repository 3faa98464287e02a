import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashLabel } from '#skein/stores/crash-point.js'
import type { StoredJob } from '#skein/stores/roles/inspector.js'
import type { InspectableStore } from '#skein/stores/roles/store.js'
import { sqliteStore } from '#skein/stores/sqlite/index.js'
import { root } from '../../support/paths.ts'
import { Random } from './random.ts'
import { Victim } from './victim.ts'

/** Where workers of recipes die: at every point around the commit that acknowledges and submits, and at any moment. */
const places: readonly (CrashLabel | 'random')[] = [
  'after-claim',
  'after-effect',
  'before-ack',
  'during-ack',
  'after-ack',
  'random',
]

/** The programs of the guide, by the name in their first line: word by word, but for the types, so that each starts quickly. */
const page = readFileSync(join(root, 'docs/guide/background-jobs.md'), 'utf8')
const programs = new Map(
  [...page.matchAll(/^```ts\n\/\/ ([\w-]+\.ts)\n([\s\S]*?)^```/gm)].map(([, name = '', code = '']) => [
    name,
    withoutTypes(code),
  ]),
)

function withoutTypes(code: string): string {
  return code.replaceAll(/: string\b/g, '').replaceAll(/(?<=from '\.\/[\w-]+\.)ts'/g, "js'")
}

/** A worker of the recipes' tasks with a short lease, so that nobody has to wait for long after a death. */
const worker = `
import { work } from 'skein/queue'
import * as tasks from './orders.js'
await work({ store: 'sqlite:jobs.db', tasks: Object.values(tasks), on: 'loop', concurrency: 3, lease: 1_000 })
console.log('ready')
`

function fileOf(program: string): string {
  return program.replace(/\.ts$/, '.js')
}

/** What is left of a run. */
export interface RecipeReport {
  readonly kills: number
  readonly jobs: number
  readonly violations: readonly string[]
}

/**
 * Runs the recipes of the guide as they are written there, several of each program at once, and kills them with SIGKILL.
 *
 * @param folder an empty one in the repository
 */
export async function killRecipes(
  folder: string,
  { kills, seed }: { kills: number; seed: number },
): Promise<RecipeReport> {
  for (const name of ['nightly.ts', 'orders.ts', 'shop.ts'])
    writeFileSync(join(folder, fileOf(name)), programs.get(name) ?? '')
  writeFileSync(join(folder, 'worker.js'), worker)
  const random = new Random(seed)
  const store = await sqliteStore(`sqlite:${join(folder, 'jobs.db')}`)
  const violations: string[] = []
  const orders: string[] = []
  const start = (name: string, args: readonly string[] = [], crash = ''): Victim =>
    new Victim([join(folder, fileOf(name)), ...args], { SKEIN_CRASH_AT: crash }, folder)
  let killed = 0
  const kill = async (victim: Victim): Promise<void> => {
    victim.signal('SIGKILL')
    if ((await victim.exit).signal === 'SIGKILL') killed++
  }
  /** Runs a program of the guide to its end, however often it was killed before. */
  const finish = async (name: string, args: readonly string[]): Promise<void> => {
    const { code } = await start(name, args).exit
    if (code !== 0) violations.push(`${name} ended with ${code}`)
  }
  try {
    for (let round = 0; round < places.length || killed < kills; round++) {
      const batch = Array.from({ length: 4 }, (_, i) => `${round}-${i}`)
      orders.push(...batch)
      const place = places[round % places.length] as (typeof places)[number]
      const victim = start('worker.ts', [], place === 'random' ? '' : `${place}:${1 + random.below(2)}`)
      // Those that are killed are started again, as cron and a careful caller do.
      const submitters = [start('shop.ts', batch), start('nightly.ts')]
      await Promise.race([victim.ready, victim.exit])
      for (const each of submitters) {
        await each.endedWithin(300 + random.below(500))
        await kill(each)
      }
      await Promise.all([finish('shop.ts', batch), finish('nightly.ts', [])])
      if (place === 'random') await victim.endedWithin(random.below(300))
      else await victim.endedWithin(4_000)
      if (!victim.ended) await kill(victim)
      else if (victim.ended.signal === 'SIGKILL') killed++
    }
    const healthy = start('worker.ts')
    await healthy.ready
    violations.push(...(await untilDone(store, healthy)))
    await kill(healthy)
    const jobs = await allOf(store)
    return { kills: killed, jobs: jobs.length, violations: [...violations, ...violationsOf(jobs, orders)] }
  } finally {
    await store.close()
  }
}

async function untilDone(store: InspectableStore, healthy: Victim): Promise<string[]> {
  for (const end = Date.now() + 60_000; ;) {
    const { queues } = await store.inspector.stats()
    const open = queues.reduce((sum, { counts }) => sum + counts.ready + counts.running, 0)
    if (open === 0) {
      // Under which three workers were killed is dead, and somebody who has looked at it lets it run again.
      const dead = await store.inspector.list({ states: ['dead'] })
      const killed = dead.filter(job => /"source":"deaths"/.test(job.error ?? '')).map(job => job.id)
      if (killed.length === 0) return []
      await store.inspector.retry(killed)
    }
    if (Date.now() > end || healthy.ended)
      return [`${open} jobs have not ended with a healthy worker: ${healthy.output}`]
    await healthy.endedWithin(100)
  }
}

async function allOf(store: InspectableStore): Promise<StoredJob[]> {
  const jobs: StoredJob[] = []
  for (;;) {
    const last = jobs.at(-1)?.id
    const more = await store.inspector.list({ limit: 1_000, ...(last === undefined ? {} : { after: last }) })
    jobs.push(...more)
    if (more.length < 1_000) return jobs
  }
}

/** Nothing is lost and nothing is there twice: one job of each task for each order, and one summary for each day. */
export function violationsOf(jobs: readonly StoredJob[], orders: readonly string[]): string[] {
  const violations: string[] = []
  for (const [task, state] of [
    ['charge', 'done'],
    ['ship', 'done'],
    ['remind', 'delayed'],
  ] as const) {
    const found = jobs.filter(job => job.task === `orders.${task}`)
    for (const job of found) if (job.state !== state) violations.push(`${task} ${job.id} is ${job.state}, not ${state}`)
    const of = found.map(argumentOf)
    for (const order of orders) {
      const times = of.filter(each => each === order).length
      if (times !== 1) violations.push(`${task} of order ${order} is there ${times} times`)
    }
    if (found.length > orders.length) violations.push(`${found.length} jobs of ${task} for ${orders.length} orders`)
  }
  const summaries = jobs.filter(job => job.task === 'orders.summary')
  const days = new Set(summaries.map(argumentOf))
  if (summaries.length === 0 || days.size !== summaries.length)
    violations.push(`${summaries.length} summaries of ${days.size} days`)
  for (const { id, state } of summaries) if (state !== 'done') violations.push(`summary ${id} is ${state}`)
  return violations
}

function argumentOf({ body }: StoredJob): unknown {
  return (JSON.parse(body) as [unknown[]])[0][0]
}
