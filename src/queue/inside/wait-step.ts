import { setImmediate } from '../../core/time/platform.ts'
import { describe } from '../../core/errors/checks.ts'
import { CancelledError, InvalidArgumentError } from '../../core/errors/errors.ts'
import { nothing } from '../../core/job/nothing.ts'
import type { Scope } from '../../core/scope/scope.ts'
import type { Services } from '../../core/scope/services.ts'
import { beginStep } from '../../core/scope/step.ts'
import { wallTime } from '../../core/time/clock.ts'
import { type AskedRest, type AskedWait, type BegunWait, waitAsk } from './asks.ts'

/** A function by which a task asks its worker. */
export type Ask = NonNullable<Services['ask']>

/** Refuses a name by which no wait could be known. @param what as in `sleepStep(s, 'cooling off', '30d')` */
export function checkName(name: unknown, what: string): asserts name is string {
  if (typeof name === 'string' && name !== '') return
  throw new InvalidArgumentError(
    `A durable wait needs a name as its second argument, the same in every attempt, got ${describe(name)}: ${what}`,
  )
}

/**
 * A wait that is a step of a task: the worker knows it by its name. While a task does nothing but wait, it gives its place back.
 *
 * @param more makes what the worker wants beside, to be sent under this id
 */
export async function waitStep(
  s: Scope,
  services: Services,
  ask: Ask,
  asked: AskedWait,
  more?: (id: string) => Promise<AskedWait>,
): Promise<unknown> {
  const { name } = asked
  beginStep(s, services, name)
  let begun = (await s.wait(ask(waitAsk.begin, asked))) as BegunWait
  if (begun !== undefined && 'id' in begun && more) {
    begun = (await s.wait(ask(waitAsk.begin, await more(begun.id)))) as BegunWait
  }
  if (begun !== undefined && 'value' in begun) return begun.value
  return restOf(services, ask).wait(s, name, ask(waitAsk.over, name))
}

/** The waits of a run, by what its place does for it. */
const rests = new WeakMap<Services, Rest>()

function restOf(services: Services, ask: Ask): Rest {
  let rest = rests.get(services)
  if (rest === undefined) rests.set(services, (rest = new Rest(services, ask)))
  return rest
}

/**
 * Tells the worker when all that a run does is wait.
 *
 * That is so when no step is being worked on and no question but those of the waits is open, and still is after a turn of the event
 * loop: by then all has gone on that could.
 */
class Rest {
  readonly #services: Services
  readonly #ask: Ask
  readonly #waiting = new Set<string>()
  /** Waits that were broken off before they were over: nobody waits for the answer to their question. */
  #brokenOff = 0
  #looking = false
  /** The run is being ended, since all that it does is wait. */
  #isSuspended = false

  constructor(services: Services, ask: Ask) {
    this.#services = services
    this.#ask = ask
    services.onQuiet = ended => {
      if (ended === undefined) this.#look()
      else if (ended === 'returned' && this.#isSuspended) this.#tellSwallowed()
    }
  }

  async wait(s: Scope, name: string, question: Promise<unknown>): Promise<unknown> {
    let isOpen = true
    let isBrokenOff = false
    const answered = (): void => {
      isOpen = false
      if (isBrokenOff) this.#brokenOff--
    }
    question.then(answered, answered)
    this.#waiting.add(name)
    this.#look()
    try {
      return await s.wait(question)
    } catch (error) {
      if (error instanceof CancelledError && error.source === 'suspended') this.#isSuspended = true
      throw error
    } finally {
      this.#waiting.delete(name)
      isBrokenOff = isOpen
      if (isBrokenOff) this.#brokenOff++
      this.#look()
    }
  }

  /** Looks whether it has come to that. */
  #look(): void {
    if (this.#looking || !this.#isResting) return
    this.#looking = true
    setImmediate(() => {
      this.#looking = false
      const { failed, onQuiet } = this.#services
      // The run may be over, or be going on.
      if (onQuiet === undefined || !this.#isResting) return
      const rest: AskedRest = { waits: [...this.#waiting], failed: [...(failed ?? [])] }
      this.#ask(waitAsk.rest, rest).catch(nothing)
    })
  }

  /** Its value does not count, and it would not be seen that the function has done something else than to stop. */
  #tellSwallowed(): void {
    this.#services.log({
      time: wallTime(),
      text:
        `The task has returned although its job waits: it has caught the CancelledError (source 'suspended') by which it gives its ` +
        `place back. What it returned is left out, and it runs again from its top once the wait is over. Let that error through: ` +
        `if (error instanceof CancelledError) throw error`,
    })
  }

  get #isResting(): boolean {
    const { asking, working } = this.#services
    return (
      this.#waiting.size > 0 &&
      asking === this.#waiting.size + this.#brokenOff &&
      (working === undefined || working.size === 0)
    )
  }
}
