import type { Operation } from '../../models/linearizable.ts'
import { arrived, type Body, type Thread } from './simulated.ts'
import type { Scene } from './trial.ts'

export type Act<H> = (handle: H, thread: Thread, log: Operation[]) => void

/** Threads with a handle each. What they are asked and answer is written down with the moments of both. */
export function scene<H>(
  Class: new (given: never) => H,
  make: () => { readonly words: Int32Array },
  acts: readonly Act<H>[],
  check: (log: readonly Operation[]) => void,
): () => Scene {
  return () => {
    const { words } = make()
    const log: Operation[] = []
    return {
      words,
      bodies: acts.map(
        (act): Body =>
          thread =>
            act(arrived(Class, words), thread, log),
      ),
      shared: () =>
        log.map(each => `${each.name}${String(each.argument)}=${String(each.result)}@${each.from},${each.to}`).join(),
      end: () => check(log),
    }
  }
}

/** The moments, as they count in one run: those at which something was asked or answered. */
export function did(thread: Thread, log: Operation[], name: string, argument: unknown, act: () => unknown): void {
  const clock = (): number => log.length + asked.get(log)!.count++
  if (!asked.has(log)) asked.set(log, { count: 0 })
  const from = thread.mark(clock)
  const result = act()
  thread.mark(() => void log.push({ name, argument, result, from, to: clock() }))
}
const asked = new WeakMap<object, { count: number }>()
