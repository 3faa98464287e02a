import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { CancelledError, current, task, TimeoutError } from 'skein'
import { addLine, touch } from '../files.ts'

/** Says that it has started, then waits for the gate; stops when it is asked to. */
export const holdUntil = task(import.meta, async function holdUntil(started: string, gate: string): Promise<string> {
  const s = current()
  touch(started)
  while (!existsSync(gate)) await s.sleep(2)
  return 'released'
})

/** The same, as a line in a log; `map` gives it its item. */
export const holdItem = task(import.meta, async function holdItem(item: { log: string; gate: string; n: number }) {
  const s = current()
  addLine(item.log, `start ${item.n}`)
  try {
    while (!existsSync(item.gate)) await s.sleep(2)
  } finally {
    addLine(item.log, `end ${item.n}`)
  }
  return item.n
})

/** The same; fails when its gate opens, if it is told to. */
export const holdItemOrFail = task(
  import.meta,
  async function holdItemOrFail(item: { log: string; gate: string; n: number; fails: boolean }): Promise<number> {
    const s = current()
    addLine(item.log, `start ${item.n}`)
    try {
      while (!existsSync(item.gate)) await s.sleep(2)
      if (item.fails) throw new RangeError(`item ${item.n} fails`)
    } finally {
      addLine(item.log, `end ${item.n}`)
    }
    return item.n
  },
)

/** Waits for the gate inside of Node, where nobody can interrupt a thread. */
export const waitInAnotherProgram = task(
  import.meta,
  function waitInAnotherProgram(started: string, gate: string): void {
    execFileSync('sh', ['-c', 'touch "$0"; while [ ! -e "$1" ]; do sleep 0.02; done', started, gate])
  },
)

/** Waits for the gate and cannot be asked to stop. */
export const holdStubbornly = task(
  import.meta,
  async function holdStubbornly(started: string, gate: string): Promise<string> {
    touch(started)
    while (!existsSync(gate)) await delay(2)
    return 'released'
  },
)

/** Keeps its worker busy until the gate opens, without ever looking whether it should stop. */
export const spinUntil = task(import.meta, function spinUntil(started: string, gate: string): string {
  touch(started)
  while (!existsSync(gate));
  return 'released'
})

/** Keeps its worker busy for ever, but looks whether it should stop. */
export const spinWithCheckpoint = task(import.meta, function spinWithCheckpoint(started: string): number {
  const s = current()
  touch(started)
  for (let turns = 0; ; turns++) s.checkpoint()
})

/** Reports what a checkpoint throws inside a synchronous loop, and lets it pass. */
export const spinAndReport = task(import.meta, function spinAndReport(started: string, report: string): number {
  const s = current()
  touch(started)
  try {
    for (;;) s.checkpoint()
  } catch (error) {
    if (error instanceof CancelledError) {
      addLine(report, `${error.code} ${error.source} ${String(error.reason)} ${s.signal.aborted}`)
    }
    if (error instanceof TimeoutError) addLine(report, `${error.code} ${error.timeout} ${s.signal.aborted}`)
    throw error
  }
})

/** Asks in a synchronous loop whether it is cancelled, and reports why; it passes no cancel point. */
export const spinUntilCancelled = task(import.meta, function spinUntilCancelled(report: string): void {
  const s = current()
  while (!s.cancelled) continue
  addLine(report, `${s.cause?.source} ${s.cause?.timeout}`)
})

/** Reports what its sleep throws when it is cancelled, and lets it pass. */
export const sleepAndReport = task(
  import.meta,
  async function sleepAndReport(started: string, report: string): Promise<void> {
    const s = current()
    // Once the event loop has had its turn: before that, who cancels and why has had no chance to arrive.
    const turn = setImmediate(() => touch(started))
    try {
      await s.sleep('1h')
    } catch (error) {
      if (error instanceof CancelledError) {
        addLine(report, `${error.code} ${error.source} ${String(error.reason)} ${s.signal.aborted}`)
      }
      throw error
    } finally {
      clearImmediate(turn)
    }
  },
)

/** Waits for its signal's event, as a library would that knows nothing of scopes. */
export const waitForAbortEvent = task(import.meta, async function waitForAbortEvent(started: string): Promise<never> {
  const { signal } = current()
  touch(started)
  return new Promise((_, reject) => {
    const timer = setInterval(() => undefined, 60_000)
    signal.addEventListener('abort', () => {
      clearInterval(timer)
      reject(signal.reason as Error)
    })
  })
})

/** Cleans up, which takes a while, when it is stopped. */
export const tidyUp = task(import.meta, async function tidyUp(started: string, tidied: string): Promise<void> {
  const s = current()
  touch(started)
  try {
    await s.sleep('1h')
  } finally {
    await delay(30)
    touch(tidied)
  }
})

/** Gives a value although it has been cancelled. */
export const answerWhenCancelled = task(
  import.meta,
  async function answerWhenCancelled(started: string): Promise<string> {
    const s = current()
    touch(started)
    await s.sleep('1h').catch(() => undefined)
    return 'too late'
  },
)

/** Fails in its own way when it has been cancelled. */
export const failWhenCancelled = task(import.meta, async function failWhenCancelled(started: string): Promise<string> {
  const s = current()
  touch(started)
  await s.sleep('1h').catch(() => undefined)
  throw new RangeError('its own words')
})

/** Leaves a mark in the folder and waits until the marks of `count` calls are there. */
export const meet = task(import.meta, async function meet(folder: string, name: string, count: number) {
  const s = current()
  touch(`${folder}/${name}`)
  while (readdirSync(folder).length < count) await s.sleep(2)
  return name
})

/** Adds a line to a file. */
export const note = task(import.meta, function note(path: string, line: string): string {
  addLine(path, line)
  return line
})

/** Adds a line to a file and says where it did so. */
export const noteWhere = task(import.meta, async function noteWhere(path: string, line: string): Promise<string> {
  addLine(path, line)
  await new Promise(resolve => setImmediate(resolve))
  return `${process.pid}/${threadId}`
})

/** Adds a line, then waits for the gate. */
export const noteAndHold = task(
  import.meta,
  async function noteAndHold(path: string, line: string, gate: string): Promise<string> {
    addLine(path, line)
    while (!existsSync(gate)) await delay(2)
    return line
  },
)

/** Sets a timer that fires after the call has ended. */
export const touchLater = task(import.meta, function touchLater(path: string): void {
  setTimeout(() => touch(path), 10)
})

export function keepBusy(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** Keeps its worker busy for a number of milliseconds; with a gate, until that opens. */
export const spinFor = task(import.meta, function spinFor(milliseconds: number, gate?: string): string {
  keepBusy(milliseconds)
  while (gate !== undefined && !existsSync(gate));
  return 'done'
})

/** Takes half a millisecond; with a gate, until that opens. */
export const spinBriefly = task(import.meta, function spinBriefly(n: number, gate?: string): number {
  keepBusy(0.5)
  while (gate !== undefined && !existsSync(gate));
  return n
})
