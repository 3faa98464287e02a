import { channel, type Channel } from 'node:diagnostics_channel'
import { brandClass } from '../../core/brand.ts'
import type { SkeinEvent } from '../../core/events/event.ts'
import type { Observable } from '../call-meter.ts'
import { checkObservable, observablesIn } from '../observables.ts'

/** Events on channels of Node; `publishEvents()` puts them there. */
export interface EventPublishing extends Disposable {
  /**
   * Publishes the events of one more executor, queue or worker, from now on.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for what has no events.
   *
   * @returns ends that
   */
  add(source: Observable): () => void
  /** Publishes nothing more. */
  close(): void
}

/** A channel for each type of event. They are kept by who publishes: one that nobody holds is forgotten by Node. */
function channels(): Readonly<Record<SkeinEvent['type'], Channel>> {
  return {
    submitted: channel('skein:submitted'),
    started: channel('skein:started'),
    progress: channel('skein:progress'),
    log: channel('skein:log'),
    retried: channel('skein:retried'),
    released: channel('skein:released'),
    lost: channel('skein:lost'),
    ended: channel('skein:ended'),
    worker: channel('skein:worker'),
    trouble: channel('skein:trouble'),
  }
}

/**
 * Publishes what happens to calls on channels of `node:diagnostics_channel`, one for each type of event, such as `skein:ended`.
 *
 * For tools that listen to Node's channels, as loggers and monitors do, and for programs that want none of the other ways and load
 * nothing for it. A subscriber is called at once, in the turn in which the event happens, and gets the event as `observe` tells it; one that throws
 * becomes an uncaught exception, as Node has it, and the call goes on. Where it is enough to hear one executor, `pool.observe(listener)` is simpler.
 * While nobody subscribes to a type, publishing it costs next to nothing, but the place tells its events: some ten microseconds for each call.
 *
 * **Cancellation**: nothing waits here.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for what has no events.
 *
 * @param sources executors, queues and workers of queues
 * @example
 * import { subscribe } from 'node:diagnostics_channel'
 * import { loop, task } from 'skein'
 * import { publishEvents } from 'skein/observe'
 *
 * const double = task(import.meta, (n: number) => n * 2, { name: 'double' })
 * const ended: string[] = []
 * subscribe('skein:ended', event => ended.push((event as { task: string }).task))
 * const place = loop()
 * const publishing = publishEvents([place])
 * await place.run(double, 21)
 * console.log(ended) // [ 'example.double' ]
 * publishing.close()
 * await place.close()
 */
export function publishEvents(sources: Iterable<Observable> = []): EventPublishing {
  const given = observablesIn(sources, 'publishEvents')
  const publishing = new Publishing()
  for (const each of given) publishing.add(each)
  return publishing
}

class Publishing implements EventPublishing {
  static {
    brandClass(this, 'EventPublishing')
  }

  readonly #channels = channels()
  readonly #leave = new Set<() => void>()

  add(source: Observable): () => void {
    checkObservable(source, 'publishEvents')
    const stop = source.observe(event => {
      const own = this.#channels[event.type]
      if (own.hasSubscribers) own.publish(event)
    })
    const leave = (): void => {
      stop()
      this.#leave.delete(leave)
    }
    this.#leave.add(leave)
    return leave
  }

  close(): void {
    for (const leave of this.#leave) leave()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
