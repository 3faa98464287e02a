import type { Claim, Intake, IntakeHealth, IntakeReceiver, IntakeRequest } from '../roles/broker.ts'
import type { Store } from '../roles/store.ts'
import type { Handled } from './handled.ts'

/** The time for which calls stay away that were handed back because the results could not be asked, in milliseconds. */
const pause = 1_000

/**
 * Hands over what the intake of the broker does, once the results have begun it: what has ended before is acknowledged and goes
 * no further. Nothing is told of a claim before it was handed over.
 */
export class TogetherIntake implements Intake {
  readonly #handled: Handled
  readonly #worker: string
  readonly #receiver: IntakeReceiver
  readonly #intake: Intake
  #wanted = 0
  /** The number of those wanted for which there is a place at once. */
  #places = 0
  /** Claims that the results are being asked about. */
  #beginning = 0
  /** Told meanwhile: it may be about those. */
  #early: (() => void)[] = []
  #closed = false
  #onIdle: (() => void)[] = []

  constructor(broker: Store['broker'], handled: Handled, request: IntakeRequest, receiver: IntakeReceiver) {
    this.#handled = handled
    this.#worker = request.worker
    this.#receiver = receiver
    this.#intake = broker.intake(request, {
      claims: (claims, took) => void this.#begin(claims, took),
      cancelling: (id, reason) => this.#tell(() => receiver.cancelling(id, reason)),
      lost: (id, token) => this.#tell(() => this.#lost(id, token)),
      trouble: error => receiver.trouble(error),
    })
  }

  get health(): IntakeHealth {
    return this.#intake.health
  }

  want(count: number, ahead: number = 0): void {
    this.#wanted = count
    this.#places = count - ahead
    this.#ask()
  }

  async stop(): Promise<void> {
    await this.#intake.stop()
    if (this.#beginning > 0) await new Promise<void>(resolve => this.#onIdle.push(resolve))
  }

  close(): void {
    this.#closed = true
    this.#intake.close()
  }

  /** Asks for what is wanted, but not again for what is on its way here. */
  #ask(): void {
    const wanted = Math.max(0, this.#wanted - this.#beginning)
    const places = Math.max(0, this.#places - this.#beginning)
    this.#intake.want(wanted, Math.max(0, wanted - places))
  }

  async #begin(claims: readonly Claim[], took: number | undefined): Promise<void> {
    if (claims.length === 0) return this.#receiver.claims(claims, took)
    this.#beginning += claims.length
    let begun: Claim[] = []
    try {
      begun = await this.#handled.begin(claims, this.#worker)
    } catch (error) {
      if (!this.#closed) this.#receiver.trouble(error)
      await this.#handled.handBack(claims, pause)
    }
    this.#beginning -= claims.length
    this.#wanted = Math.max(0, this.#wanted - begun.length)
    this.#places = Math.max(0, this.#places - begun.length)
    if (!this.#closed) {
      this.#receiver.claims(begun, took)
      this.#ask()
    }
    if (this.#beginning > 0) return
    for (const tell of this.#early.splice(0)) tell()
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  #tell(tell: () => void): void {
    tell()
    if (this.#beginning > 0) this.#early.push(tell)
  }

  #lost(id: string, token: number): void {
    const known = this.#handled.tokenOf(id, token)
    if (known !== undefined) this.#receiver.lost(id, known)
  }
}
