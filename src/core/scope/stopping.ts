import { type CancelCause, errorOfCause } from '../errors/cause.ts'
import { monotonic } from '../time/clock.ts'
import { Timer } from '../time/timer.ts'
import { controllerOfMany, innerOf, ScopeCancel } from './cancelling.ts'
import { type CancelOptions, graceOf } from './options.ts'

/**
 * Asking first and insisting later: a grace period in which work may come to its end by itself.
 *
 * Invariants: once asked, a scope stays asked; the cancellation that follows has the cause of the first who asked.
 */
export abstract class ScopeStop extends ScopeCancel {
  /**
   * True once somebody has asked the scope to stop with a grace period (`s.cancel(reason, { grace })`), or has cancelled it.
   * A server then takes no new work, finishes what it has, and returns.
   */
  get stopping(): boolean {
    return this.cancelled || this.askedFor !== undefined
  }

  /** The cause for which it, or one further out, has been asked to stop. */
  private get askedFor(): CancelCause | undefined {
    for (let at: ScopeCancel | undefined = this; at !== undefined; at = at.outer) {
      const asked = at.extras?.asked
      if (asked !== undefined) return asked
    }
    return undefined
  }

  /** Aborts as soon as `stopping` becomes true: before `signal`, where there is a grace period. */
  get stopSignal(): AbortSignal {
    const extra = this.extra
    if (extra.stopController === undefined) {
      extra.stopController = controllerOfMany()
      if (this.knownCause !== undefined || this.askedFor !== undefined) extra.stopController.abort(this.askedError())
    }
    return extra.stopController.signal
  }

  private askedError(): unknown {
    const asked = this.askedFor
    return asked === undefined ? this.cancelError() : errorOfCause(asked, this.title)
  }

  /**
   * Cancels everything in this scope: each cancel point inside throws from now on. The first cause wins; later ones are
   * ignored, and so is one that comes after the end.
   *
   * With a grace period it asks first and insists later: `s.stopping` becomes true and `s.stopSignal` aborts at once; what
   * has not ended when the grace is over is cancelled. Another call may shorten the grace, or end it (by having none).
   *
   * @param reason kept as `reason` on the CancelledError
   * @param options `grace`: how long the work may go on after it was asked. Default: 0, cancel at once
   * @example
   * import { scope } from 'skein'
   *
   * await scope(async s => {
   *   s.spawn(async s => {
   *     while (!s.stopping) await s.sleep('1ms')
   *     console.log('swept up') // swept up
   *   })
   *   s.cancel('closing time', { grace: '5s' })
   * })
   */
  cancel(reason?: unknown, options?: CancelOptions): void {
    const cause: CancelCause = { source: 'explicit', reason }
    const grace = options === undefined ? 0 : graceOf(options)
    if (grace === 0) this.cancelWith(cause)
    else this.askToStop(cause, grace)
  }

  /** @internal Asks everything inside to stop, and cancels it when the grace is over: milliseconds. */
  askToStop(cause: CancelCause, grace: number): void {
    this.catchUp()
    if (this.knownCause !== undefined || this.over || this.isBackground) return
    const extra = this.extra
    const until = monotonic() + grace
    const again = extra.asked !== undefined
    if (again && extra.askedUntil <= until) return
    extra.asked ??= cause
    extra.askedUntil = until
    extra.askTimer?.clear()
    extra.askTimer = new Timer<ScopeStop>(grace, insist, this)
    if (again) return
    const reached: ScopeStop[] = [this]
    for (const scope of reached) {
      scope.extras?.stopController?.abort(scope.askedError())
      for (let at = scope.firstMember; at !== undefined; at = at.next) {
        const inner = innerOf(at) as ScopeStop | undefined
        if (inner !== undefined && !inner.shielded) reached.push(inner)
      }
    }
  }

  /** @internal */
  insist(): void {
    this.cancelWith(this.extra.asked ?? { source: 'explicit' })
  }
}

function insist(scope: ScopeStop): void {
  scope.insist()
}
