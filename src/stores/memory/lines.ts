import { before, type Entry } from './entry.ts'
import { Heap } from './heap.ts'

/** The calls of one task in one queue that are due. */
export type Line = Heap<Entry>

/**
 * The calls that are due: a line for each task in each queue, so that a claim never steps over calls of tasks that it does
 * not know.
 */
export class Lines {
  readonly #queues = new Map<string, Map<string, Line>>()

  of(queue: string, task: string): Line {
    let tasks = this.#queues.get(queue)
    if (tasks === undefined) this.#queues.set(queue, (tasks = new Map<string, Line>()))
    let line = tasks.get(task)
    if (line === undefined) tasks.set(task, (line = new Heap<Entry>(before)))
    return line
  }

  /** The lines of some tasks in a queue in which there is somebody. */
  *ofTasks(queue: string, tasks: readonly string[]): Generator<{ readonly task: string; readonly line: Line }> {
    const known = this.#queues.get(queue)
    if (known === undefined) return
    for (const task of tasks) {
      const line = known.get(task)
      if (line !== undefined && line.size > 0) yield { task, line }
    }
  }

  remove(entry: Entry): void {
    this.#queues.get(entry.call.queue)?.get(entry.call.task)?.delete(entry)
  }
}

/** The line that has the next call. */
export function firstOf(
  lines: readonly { readonly task: string; readonly line: Line }[],
): (typeof lines)[number] | undefined {
  let first: (typeof lines)[number] | undefined
  for (const each of lines) {
    const entry = each.line.peek()
    const best = first?.line.peek()
    if (entry !== undefined && (best === undefined || before(entry, best))) first = each
  }
  return first
}
