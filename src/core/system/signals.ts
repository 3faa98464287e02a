import { clearInterval, setInterval } from '../time/platform.ts'
import { whenAborted } from '../events/when-aborted.ts'
import { brandClass } from '../brand.ts'
import { describe } from '../errors/checks.ts'
import { InvalidArgumentError } from '../errors/errors.ts'
import { Waiter, WaitQueue } from '../sync/wait-queue.ts'
import { type Owner, ownerOf, refusalOf, waitUnder } from '../scope/owner.ts'

/** Signals as they come, one after the other; see `signals`. */
export interface SignalReceiver extends AsyncIterableIterator<NodeJS.Signals>, AsyncDisposable {
  /** Waits for the next one. */
  next(): Promise<IteratorResult<NodeJS.Signals>>
  /** Stops receiving; what the signals did before holds again. What has come and was not read takes its effect then. */
  close(): void
  return(): Promise<IteratorResult<NodeJS.Signals>>
}

/**
 * Receives signals of the operating system as an async iterator: reload on SIGHUP, print on SIGUSR2, stop in good order on
 * SIGTERM.
 *
 * While it is open the signals do not have their usual effect, which for most of them is to end the program. Of signals of
 * one kind that come before they are read, one is kept, as the operating system does it itself. `main` takes care of SIGINT
 * and SIGTERM already. Who waits in `next` keeps the program running; an open receiver alone does not.
 *
 * **Cancellation**: `next` is a cancel point. It closes when its loop is left, and when its owner ends;
 * a signal that nobody has read, or heard elsewhere, is sent again then.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a signal that is unknown, listed twice, or cannot be received.
 *
 * @param names which signals, as in `['SIGHUP']`
 * @param owner the scope or AbortSignal with which it closes
 * @example
 * import { scope, signals } from 'skein'
 *
 * await scope(async s => {
 *   const received = signals(['SIGHUP'], s)
 *   process.kill(process.pid, 'SIGHUP')
 *   for await (const signal of received) {
 *     console.log(signal) // SIGHUP
 *     break
 *   }
 * })
 */
export function signals(names: readonly NodeJS.Signals[], owner?: Owner): SignalReceiver {
  checkNames(names)
  const by = ownerOf(owner)
  const refusal = refusalOf(by, 'signals')
  if (refusal !== undefined) throw refusal
  return new Receiver(names, by)
}

class Receiver implements SignalReceiver {
  static {
    brandClass(this, 'SignalReceiver')
  }

  readonly #names: readonly NodeJS.Signals[]
  readonly #owner: Owner | undefined
  /** The signals that have come and were not read yet; true where nobody else has heard of one. */
  readonly #come = new Map<NodeJS.Signals, boolean>()
  readonly #line: WaitQueue<IteratorResult<NodeJS.Signals>>
  readonly #receive = (signal: NodeJS.Signals): void => this.#take(signal)
  readonly #end = (): void => this.close()
  #open = true
  #forget: (() => void) | undefined
  #alive: NodeJS.Timeout | undefined

  constructor(names: readonly NodeJS.Signals[], owner: Owner | undefined) {
    this.#names = names
    this.#owner = owner
    this.#line = new WaitQueue({
      describe: () => `signal ${names.join(' or ')}`,
      abandoned: () => this.#relax(),
    })
    for (const name of names) process.on(name, this.#receive)
    if (owner instanceof AbortSignal) this.#forget = whenAborted(owner, this.#end)
    else owner?.onExit(this.#end)
  }

  #take(signal: NodeJS.Signals): void {
    const waiter = this.#line.shift()
    if (waiter === undefined) this.#come.set(signal, process.listenerCount(signal) === 1)
    else {
      this.#relax()
      waiter.settle({ value: signal, done: false })
    }
  }

  /** Listening alone does not keep a program running; somebody who waits does. */
  #stayAlive(): void {
    this.#alive ??= setInterval(() => {}, 2 ** 30)
  }

  #relax(): void {
    if (this.#line.size > 0) return
    clearInterval(this.#alive)
    this.#alive = undefined
  }

  next(): Promise<IteratorResult<NodeJS.Signals>> {
    const refusal = refusalOf(this.#owner, 'next')
    if (refusal !== undefined) return Promise.reject(refusal)
    for (const signal of this.#come.keys()) {
      this.#come.delete(signal)
      return Promise.resolve({ value: signal, done: false })
    }
    if (!this.#open) return Promise.resolve(ended)
    this.#stayAlive()
    return waitUnder(new Waiter(this.#line, undefined), this.#owner, 'next')
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const name of this.#names) process.removeListener(name, this.#receive)
    this.#forget?.()
    this.#line.settleAll(ended)
    this.#relax()
    // Nobody has dealt with these, so they are sent once more, to those that listen now.
    for (const [signal, alone] of this.#come) if (alone) process.kill(process.pid, signal)
    this.#come.clear()
  }

  return(): Promise<IteratorResult<NodeJS.Signals>> {
    this.close()
    return Promise.resolve(ended)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

const ended: IteratorReturnResult<undefined> = /* @__PURE__ */ Object.freeze({ value: undefined, done: true })

/** Nobody can catch these two; SIGSTOP and SIGKILL are there to be stronger than a program. */
const deaf: ReadonlySet<string> = new Set(['SIGKILL', 'SIGSTOP'])

function checkNames(names: unknown): void {
  if (!Array.isArray(names) || names.length === 0) {
    throw new InvalidArgumentError(`signals needs a list of names such as ['SIGHUP'], got ${describe(names)}`)
  }
  const seen = new Set<string>()
  for (const name of names) {
    if (!Object.hasOwn(process.getBuiltinModule('node:os').constants.signals, name)) {
      throw new InvalidArgumentError(`There is no signal ${describe(name)} on this system`)
    }
    if (deaf.has(name)) throw new InvalidArgumentError(`${name} cannot be received: the operating system deals with it`)
    if (seen.has(name)) throw new InvalidArgumentError(`${name} is listed twice`)
    seen.add(name)
  }
}
