import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Claim } from '../../stores/roles/broker.ts'
import { inspecting, statsOf } from '../../stores/roles/need.ts'
import type { Store, StoreStats } from '../../stores/roles/store.ts'
import { type Arguments, type CommandBody, noWords } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { errorToJson } from '../../inspect/to-json.ts'
import { bytes, count, plural } from '../ui/amount.ts'
import { warningTexts } from './stats.ts'
import { missingFile, storeFile } from './store-file.ts'
import { storeOption, storeUrl } from './store-option.ts'
import { retentionText, span } from './words.ts'

/** The finding of one check. */
interface Finding {
  readonly what: string
  readonly fine: boolean
  readonly text: string
}

/** `skein doctor`: looks for what is wrong, and says what to do. */
export const doctorCommand: CommandBody = {
  usage: ['skein doctor [--store URL] [--json]'],
  examples: [
    ['skein doctor', 'can the store be opened and written? who works? what is stuck?'],
    ['skein doctor --json', 'for programs: one finding a line; exit code 1 when something is wrong'],
  ],
  about: [
    'It opens the store, sends a job to a queue of its own, takes it and ends it again, so it finds out whether the way that real jobs go is open, and how long it takes. Nothing else in the store is changed.',
  ],
  options: storeOption,
  run: runDoctor,
}

/** Ready jobs that have waited for longer than this, in milliseconds, although somebody takes from their queue. */
const tooLong = 60_000
/** A job that has not come after so long, in milliseconds, does not come. */
const longestTrip = 10_000
/** Less room than this on the disk, in bytes, is a warning. */
const littleRoom = 256 * 1024 * 1024

async function runDoctor(args: Arguments, output: Output): Promise<number> {
  noWords(args)
  const url = storeUrl(args, 'skein doctor')
  const findings = await examine(url)
  const { style } = output
  if (args.has('json')) for (const each of findings) await output.json(JSON.stringify(each))
  else {
    await output.lines(
      findings.map(({ what, fine, text }) => `${fine ? style.green('✓') : style.red('✗')} ${what.padEnd(10)} ${text}`),
    )
  }
  return findings.every(each => each.fine) ? exitCodes.fine : exitCodes.someFailed
}

/** Looks at everything; a look that fails is a finding, too. */
async function examine(url: string): Promise<Finding[]> {
  const findings: Finding[] = [
    { what: 'node', fine: true, text: `Node ${process.versions.node} on ${process.platform}` },
  ]
  const add = (what: string, fine: boolean, text: string): void => void findings.push({ what, fine, text })
  const missing = missingFile(url)
  if (missing !== undefined) {
    add('store', false, missing)
    return findings
  }
  const path = storeFile(url)
  if (path !== undefined) addRoom(path, add)
  let store: Store
  try {
    const { openStore } = await import('../../queue/open-store.ts')
    store = await openStore(url)
  } catch (error) {
    add('store', false, errorToJson(error).message)
    return findings
  }
  try {
    const begun = performance.now()
    const stats = await statsOf(store)
    const { durability } = store.broker
    add(
      'store',
      true,
      `${store.url} answers in ${span(performance.now() - begun)}; ${bytes(stats.bytes)}, durability ${durability}`,
    )
    addNews(stats, path, add)
    if (stats.retention) add('history', true, `kept of what has ended, ${retentionText(stats.retention)}`)
    await addRoundTrip(store, add)
    addWork(stats, add)
  } catch (error) {
    add('store', false, errorToJson(error).message)
  } finally {
    await store.close()
  }
  return findings
}

type Add = (what: string, fine: boolean, text: string) => void

function addRoom(path: string, add: Add): void {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    const free = bavail * bsize
    add(
      'disk',
      free > littleRoom,
      `${bytes(free)} free${free > littleRoom ? '' : ': make room before the store cannot write'}`,
    )
  } catch (error) {
    add('disk', false, errorToJson(error).message)
  }
}

/** Says whether programs hear of each other at once. What looks by itself is among the warnings of the store. */
function addNews({ programs }: StoreStats, path: string | undefined, add: Add): void {
  if (path === undefined) return
  if (programs === undefined)
    add('news', true, `${path}-turn cannot be read, so it is not known who is told of changes`)
  else if (programs.looking === 0) {
    add('news', true, `${plural(programs.count, 'program')}, told of changes by the file system as far as it says so`)
  }
}

/** Sends, claims, ends and forgets one job in a queue that nobody else takes from. */
async function addRoundTrip(store: Store, add: Add): Promise<void> {
  const id = `doctor-${process.pid}-${Date.now().toString(36)}`
  const begun = performance.now()
  await store.broker.send([
    { id, queue: id, task: id, headers: JSON.stringify({ task: id, id }), body: '[[],{},{}]', priority: 0, delay: 0 },
  ])
  const claim = await takenFrom(store, id)
  const outcome = claim ? await store.broker.settle([{ id, token: claim.token, kind: 'done', result: 'null' }]) : []
  const took = performance.now() - begun
  await inspecting(store, 'purge').purge({ queue: id })
  if (outcome[0] === 'ok') add('round trip', true, `a job was sent, taken and ended in ${span(took)}`)
  else add('round trip', false, 'a job was sent, but could not be taken and ended: is the clock of this machine right?')
}

/** The job of a queue that has one; undefined when it does not come. */
async function takenFrom(store: Store, name: string): Promise<Claim | undefined> {
  const request = { worker: name, queues: [name], tasks: [name], lease: 10_000 }
  return new Promise<Claim | undefined>((resolve, reject) => {
    const over = (): void => {
      clearTimeout(timer)
      intake.close()
    }
    const timer = setTimeout(() => {
      over()
      resolve(undefined)
    }, longestTrip)
    const intake = store.broker.intake(request, {
      claims: ([claim]) => {
        if (claim === undefined) return
        over()
        resolve(claim)
      },
      cancelling: () => {},
      lost: () => {},
      trouble: error => {
        over()
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    })
    intake.want(1)
  })
}

function addWork(stats: StoreStats, add: Add): void {
  const { workers, queues } = stats
  const waiting = queues.reduce((sum, each) => sum + each.counts.ready, 0)
  const running = queues.reduce((sum, each) => sum + each.counts.running, 0)
  add('jobs', true, `${count(waiting)} ready, ${count(running)} running`)
  if (workers.length > 0) add('workers', true, `${plural(workers.length, 'worker')} at work`)
  else
    add(
      'workers',
      waiting === 0,
      waiting === 0 ? 'none, and no job waits' : 'none, and jobs wait: skein worker tasks.ts',
    )
  for (const each of queues) {
    const taken = workers.some(worker => worker.queues.includes(each.queue) && worker.running < worker.concurrency)
    if (!each.paused && taken && each.oldest > tooLong) {
      add(
        'waiting',
        false,
        `a job in queue ${each.queue} has waited for ${span(each.oldest)} although a worker is free: look at its limit ` +
          `(skein jobs --state ready --queue ${each.queue}), and at the worker's output`,
      )
    }
  }
  for (const text of warningTexts(stats)) add('queues', false, text)
}
