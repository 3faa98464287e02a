import { decode } from '../../call/codec/codec.ts'
import { Runner, type RunnerHost } from '../../call/run/runner.ts'
import type { Hook } from '../wire/transport.ts'
import { loadTask } from './load-task.ts'

/** Runs a call that belongs to the worker itself. Rejects with what the task, or the import of its module, throws. */
export async function runHook({ url, name, args, marked }: Hook): Promise<unknown> {
  const fn = await loadTask({ url, name })
  const given = (marked ? decode(args) : args) as readonly unknown[]
  return new Promise((resolve, reject) => {
    const host: RunnerHost = {
      probe: () => undefined,
      progress: () => {},
      log: () => {},
      ask: () => Promise.reject(new Error(`${name} belongs to its worker and has nobody to ask`)),
      deadline: () => Number.POSITIVE_INFINITY,
      items: () => {},
      load: loadTask,
      ended: (_, failed, value) => (failed ? reject(value) : resolve(value)),
    }
    new Runner(host, fn, name, 'run', 1, -1, 0).start(given)
  })
}
