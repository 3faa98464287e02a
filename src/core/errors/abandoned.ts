import { SkeinError } from './errors.ts'

/**
 * The thread that held a lock of `skein/shared` has died, or its task ended without releasing it: what the lock protects may be half
 * changed. Nobody gets the lock until somebody has mended that with `repair`.
 */
export class AbandonedError extends SkeinError {
  static override readonly kind: string = 'AbandonedError'
  /** The title of the lock, as in `mutex 'stock'`. */
  readonly lock: string
  /** The thread that held it, as in `thread 3`. */
  readonly thread: string
  constructor(message: string, fields: { lock: string; thread: string }) {
    super('SKEIN_ABANDONED', message)
    this.lock = fields.lock
    this.thread = fields.thread
  }
}
