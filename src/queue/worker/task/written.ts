import { CancelledError, StoreRefusedError } from '../../../core/errors/errors.ts'
import type { Attempt } from '../attempt.ts'
import type { ReportBody, TaskBackstage } from './backstage.ts'

/**
 * Writes a report of an attempt. Resolves once that is durable.
 *
 * **Errors**: `SKEIN_CANCELLED` for an attempt that goes on although its lease was lost; `SKEIN_STORE_REFUSED`.
 *
 * @param what as in `the step 'charge'`
 */
export function written(
  backstage: Pick<TaskBackstage, 'report'>,
  attempt: Attempt,
  body: ReportBody,
  what: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    backstage.report(attempt, body, outcome => {
      if (outcome === 'ok') resolve()
      else if (outcome === 'lost') reject(lostError(attempt))
      else reject(new StoreRefusedError(`The store refused ${what}: ${outcome.refused}`))
    })
  })
}

function lostError({ claim }: Attempt): CancelledError {
  return new CancelledError(
    `Job ${claim.id}, task ${claim.task}, has lost its lease: another worker may run it by now, and nothing that this ` +
      `attempt does is kept`,
    { source: 'explicit', reason: 'its lease was lost' },
  )
}
