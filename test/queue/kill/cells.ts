import { type CrashLabel, crashLabels } from '#skein/stores/crash-point.js'

/** How a process comes to grief. */
export type How = 'kill' | 'stop' | 'term' | 'exit' | 'memory'

/** Where: at a crash point, or at any moment. */
export type Where = CrashLabel | 'random'

/** One cell of the matrix. */
export interface Cell {
  readonly who: 'worker' | 'client'
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
 * These points lie in the store's own thread. There `process.exit` and running out of memory end that thread alone, so the
 * worker has to notice by itself that it has no store any more.
 */
export const inTheStore: ReadonlySet<Where> = new Set(['during-ack', 'after-ack', 'during-renew'])

/** All cells that there are; a store whose leases are renewed elsewhere has no `during-renew`. */
export const cells: readonly Cell[] = [
  ...ways.flatMap(how => [...crashLabels, 'random' as const].map((where): Cell => ({ who: 'worker', how, where }))),
  ...ways.map((how): Cell => ({ who: 'client', how, where: 'random' })),
]

/** The name of a cell, as the command takes it. */
export function nameOf({ who, how, where }: Cell): string {
  return `${who}:${how}:${where}`
}
