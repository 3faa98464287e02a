import { describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { isA, messageOf } from '../errors/foreign.ts'
import { isThenable } from '../errors/thenable.ts'
import { type AnyObservers, everywhere } from './everywhere.ts'

/** One who listens. The same function may listen twice. */
interface Observer<E> {
  readonly listener: (event: E) => unknown
  /** True once it hears nothing more, not even of the event that is going out at this moment. */
  left: boolean
  /** True once a throw of it has been reported; saying so for each of a million events would harm more than the fault. */
  reported: boolean
}

/**
 * Those who listen to an executor, a queue or a worker.
 *
 * A listener cannot harm what it listens to: one that throws, or whose promise rejects, is reported as a process warning,
 * once, and hears on. Listeners may add and remove listeners while an event goes out: one that is added then hears the next
 * event, one that is removed hears nothing more.
 */
export class Observers<E> {
  /** A copy is made for every change, so that a walk through it is not disturbed. */
  #all: readonly Observer<E>[] = []

  constructor() {
    everywhere.made?.(this as unknown as AnyObservers)
  }

  /** True while somebody listens. Ask before an event is built, so that nobody pays for what nobody hears. */
  get any(): boolean {
    return this.#all.length > 0
  }

  /**
   * Lets a function hear every event from now on.
   *
   * **Errors**: `SKEIN_INVALID_ARGUMENT` for anything but a function.
   *
   * @returns ends that; does nothing a second time
   */
  add(listener: (event: E) => void): () => void {
    if (typeof listener !== 'function') {
      throw new InvalidArgumentError(`observe needs a function, got ${describe(listener)}`)
    }
    const observer: Observer<E> = { listener, left: false, reported: false }
    this.#all = [...this.#all, observer]
    return () => {
      observer.left = true
      this.#all = this.#all.filter(each => each !== observer)
    }
  }

  /** Tells everybody. Never throws. */
  tell(event: E): void {
    for (const observer of this.#all) {
      if (observer.left) continue
      try {
        const given = observer.listener(event)
        if (isThenable(given)) Promise.resolve(given).catch((error: unknown) => report(observer, error))
      } catch (error) {
        report(observer, error)
      }
    }
  }
}

function report(observer: Observer<never>, error: unknown): void {
  if (observer.reported) return
  observer.reported = true
  process.emitWarning(
    `A listener of observe threw. It hears on, and what else it throws is not reported: ${messageOf(error)}`,
    { type: 'SkeinObserverWarning', detail: stackOf(error) },
  )
}

function stackOf(error: unknown): string {
  try {
    return isA(error, Error) ? String(error.stack) : ''
  } catch {
    return ''
  }
}
