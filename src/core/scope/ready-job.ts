import type { CancelCause } from '../errors/cause.ts'
import { MisuseError } from '../errors/errors.ts'
import type { ScopeCore } from './life.ts'
import { SpawnedJob } from './spawned-job.ts'

/** A child task that somebody waits for to be ready. Until it is, its failure is theirs alone. */
export class ReadyJob<T, S extends ScopeCore> extends SpawnedJob<unknown, S> {
  readonly ready: Promise<T>
  readonly #outer: ScopeCore
  readonly #service: boolean
  #resolve!: (value: T) => void
  #refuse!: (error: unknown) => void
  #starting = true

  constructor(outer: ScopeCore, scope: S, fn: (s: S, ready: (value: T) => void) => unknown, service: boolean) {
    super(scope, s => fn(s, value => this.#becomeReady(value)))
    this.#outer = outer
    this.#service = service
    if (service) outer.extra.serving++
    this.ready = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#refuse = reject
    })
  }

  #becomeReady(value: T): void {
    if (!this.#starting) {
      throw new MisuseError(`${this.inner.title} called ready() a second time. It says only once that it is ready.`)
    }
    // The caller was promised a task that goes on; this one has been asked to stop.
    if (this.inner.cancelled) return
    this.#starting = false
    this.#resolve(value)
  }

  override done(value: unknown): void {
    if (this.#starting) {
      const cause = this.inner.cause
      this.#refuse(
        cause === undefined
          ? new MisuseError(
              `${this.inner.title} was started with spawnReady and returned without having called ready(value). ` +
                'Call it when the task is ready, or use s.spawn for a task that has no such moment.',
            )
          : this.inner.cancelError(),
      )
    }
    super.done(value)
  }

  override failed(error: unknown, cause: CancelCause | undefined): void {
    if (!this.#starting) return super.failed(error, cause)
    this.#refuse(error)
    this.reject(error, 'failed')
    this.leave()
  }

  override cancelled(error: unknown, cause: CancelCause | undefined): void {
    if (this.#starting) this.#refuse(error)
    super.cancelled(error, cause)
  }

  override leave(): void {
    if (this.owner === undefined) return
    if (this.#service) this.#outer.extra.serving--
    super.leave()
  }
}
