import { type CrashLabel, crashLabels } from '#skein/stores/crash-point.js'

/** How a process comes to grief. */
export type How = 'kill' | 'stop' | 'term' | 'exit' | 'memory'

/** Where: at a crash point, or at any moment. */
export type Where = CrashLabel | 'random'

/** One cell of the matrix. */
export interface Cell {
  /**
   * `relay`: a program that settles calls together with what comes next. `waiter`: a worker of jobs that sleep, wait for a signal and
   * call another job, and of nothing else. `server`: the program in which the store is, where there is one.
   */
  readonly who: 'worker' | 'client' | 'relay' | 'waiter' | 'server'
  readonly how: How
  readonly where: Where
}

const ways: readonly How[] = ['kill', 'stop', 'term', 'exit', 'memory']

/** In words, as the table has them. */
export const howWords: Readonly<Record<How, string>> = {
  kill: 'SIGKILL',
  stop: 'SIGSTOP, past the lease, SIGCONT',
  term: 'SIGTERM, twice',
  exit: 'process.exit',
  memory: 'out of memory',
}

/**
 * These points lie in the store's own thread, where it has one. There `process.exit` and running out of memory end that thread alone, so the
 * worker has to notice by itself that it has no store any more.
 */
export const inTheStore: ReadonlySet<Where> = new Set([
  'during-ack',
  'after-ack',
  'during-renew',
  'during-term',
  'after-term',
])

/** What a process does to itself. */
export const byItself: ReadonlySet<How> = new Set(['exit', 'memory'])

/** The environment in which a process comes to grief so many milliseconds after its tasks have been loaded. */
export function doom({ how, where }: Cell, after: number): Readonly<Record<string, string>> {
  return where === 'random' && byItself.has(how) ? { SKEIN_KILL_AFTER: `${after}:${how}` } : {}
}

/** Before a settlement is handed over, while it is written, once it is; and at any moment. */
const aroundCommit: readonly Where[] = ['before-ack', 'during-ack', 'after-ack', 'random']

/** All cells that there are; a store without a program of its own has none of `server`. */
export const cells: readonly Cell[] = [
  ...ways.flatMap(how => [...crashLabels, 'random' as const].map((where): Cell => ({ who: 'worker', how, where }))),
  ...ways.flatMap(how =>
    (['after-claim', 'mid-run', 'after-effect', ...aroundCommit] as const).map((where): Cell => ({
      who: 'waiter',
      how,
      where,
    })),
  ),
  ...ways.map((how): Cell => ({ who: 'client', how, where: 'random' })),
  ...ways.flatMap(how => aroundCommit.map((where): Cell => ({ who: 'relay', how, where }))),
  { who: 'server', how: 'kill', where: 'random' },
]

/** The name of a cell, as the command takes it. */
export function nameOf({ who, how, where }: Cell): string {
  return `${who}:${how}:${where}`
}

/** Whether a cell is meant by a name: its own, or how the names of several begin, as in `relay` or `worker:kill`. */
export function isMeant(cell: Cell, name: string): boolean {
  return `${nameOf(cell)}:`.startsWith(`${name}:`)
}
