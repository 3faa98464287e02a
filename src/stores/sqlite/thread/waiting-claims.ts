import type { Answer, Told } from '../../threaded/messages.ts'
import { lookOnly } from '../calls/operations.ts'
import type { Request } from '../calls/requests.ts'
import type { Turn } from '../calls/turn.ts'

/**
 * The claims that wait here until there is something for them: those who take calls need not be told that there may be something,
 * only to ask for it then, which would be another way there and back.
 */
export class WaitingClaims {
  readonly #waiting = new Map<number, Request>()
  /** There may be something that they have not been tried with. */
  #news = false

  /** Those for whom there is something. */
  #certain: Request[] = []

  /** Notes those who wait from now on, and answers those that are recalled. Returns what else was asked. */
  note(batch: readonly Request[], answers: Answer[]): Request[] {
    return batch.filter(request => {
      const [number, asked] = request
      if (asked[0] === 'await') {
        this.#waiting.set(number, request)
        this.#news = true
        return false
      }
      if (asked[0] !== 'recall') return true
      for (const [waiting, [, [, , under]]] of this.#waiting) {
        if (under !== asked[1]) continue
        this.#waiting.delete(waiting)
        answers.push([waiting, []])
      }
      answers.push([number, undefined])
      return false
    })
  }

  /**
   * Sees for whom there is something after what others have done.
   *
   * @param alone nobody else takes calls, so that they need not look first whether somebody was quicker
   */
  look(turn: Turn, alone: boolean): void {
    if (!this.hear(turn.told)) return
    this.#news = false
    this.#certain = [...this.#waiting.values()]
    if (!alone) this.#certain = this.#certain.filter(([, asked]) => lookOnly(turn, asked) === undefined)
  }

  /** Those for whom `look` has found something. */
  certain(): Request[] {
    return this.#certain.splice(0)
  }

  /** Takes the news of what may be claimed out of what is told: nobody else has to hear it. True when somebody waits for it. */
  hear(told: Told[]): boolean {
    if (keep(told, ([signal]) => signal !== 'claimable')) this.#news = true
    return this.#news && this.#waiting.size > 0
  }

  /** Those who are to be tried now. */
  due(told: Told[]): Request[] {
    const due = this.hear(told) ? [...this.#waiting.values()] : []
    this.#news = false
    return due
  }

  /** Takes out the answers of those for whom there was nothing: they wait on. */
  settle(answers: Answer[]): void {
    if (this.#waiting.size === 0) return
    keep(answers, ([number, value, failure]) => {
      if (!this.#waiting.has(number)) return true
      if (failure === undefined && (value as readonly unknown[]).length === 0) return false
      return this.#waiting.delete(number)
    })
  }
}

/** Takes out of the array itself all that is not kept, since this happens with each commit. True when there was any. */
function keep<T>(all: T[], isKept: (each: T) => boolean): boolean {
  let kept = 0
  for (const each of all) if (isKept(each)) all[kept++] = each
  if (kept === all.length) return false
  all.length = kept
  return true
}
