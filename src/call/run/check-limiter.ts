import { describe } from '../../core/errors/checks.ts'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import { CapacityLimiter } from '../../core/sync/capacity-limiter.ts'

/** Checks the option `limiter` of an executor. Errors: `SKEIN_INVALID_ARGUMENT`. */
export function checkLimiter(limiter: unknown): void {
  if (limiter === undefined || limiter instanceof CapacityLimiter) return
  throw new InvalidArgumentError(
    `limiter must be a CapacityLimiter, as in limiter: new CapacityLimiter(10), got ${describe(limiter)}`,
  )
}
