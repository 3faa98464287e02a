import { encodeValue } from '../../../celery/result.ts'
import { wallTime } from '../../../core/time/clock.ts'
import type { Attempt } from '../attempt.ts'
import type { Delivery } from '../delivery.ts'
import type { JobTeller } from '../job-teller.ts'

/** So many names are told. */
const most = 100

/**
 * Says in the log of a job that is done which steps of earlier attempts its last run has not asked for: it has done without them, as
 * a newer version of the task may, or one that does not do the same each time.
 */
export function tellForgotten(attempt: Attempt, delivery: Delivery, teller: JobTeller): void {
  const { asked, claim } = attempt
  if (asked === undefined || attempt.lost) return
  const forgotten = Object.keys(claim.steps).filter(name => !asked.has(name))
  if (forgotten.length === 0) return
  const text = 'It is done without steps that an earlier attempt had finished: the task does not have them any more'
  const line = { text, fields: { steps: forgotten.slice(0, most), count: forgotten.length }, time: wallTime() }
  delivery.note(attempt, { kind: 'log', line: encodeValue(line, 'log') })
  teller.log(attempt, line)
}
