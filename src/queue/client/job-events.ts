import { decodeFailure, decodeValue } from '../../celery/result.ts'
import type { JobEvent } from '../../core/job/job.ts'
import type { LogLine } from '../../core/scope/services.ts'
import type { Reported } from '../../stores/roles/results.ts'

/** The value of a report. */
export function valueOf(report: Reported): unknown {
  try {
    return decodeValue(report.value)
  } catch {
    return report.value // what cannot be made again here is still worth seeing
  }
}

/** A line of a job's log, whatever wrote it. */
export function lineOf(report: Reported): LogLine {
  const line = valueOf(report)
  if (typeof line === 'object' && line !== null && typeof (line as Partial<LogLine>).text === 'string') {
    return line as LogLine
  }
  return { text: typeof line === 'string' ? line : report.value, time: report.time }
}

/** What a report is in the words of `events()`. Steps and values of a stream are no events. */
export function eventsOf(report: Reported, nextAttempt: number): readonly JobEvent[] {
  const { kind, time } = report
  if (kind === 'progress') return [{ type: 'progress', value: valueOf(report), time }]
  if (kind === 'log') return [{ type: 'log', ...lineOf(report) }]
  if (kind !== 'state') return []
  const turn = valueOf(report) as { state?: unknown; error?: unknown; attempt?: unknown } | null
  switch (turn?.state) {
    case 'retry':
      return [
        {
          type: 'retry',
          attempt: typeof turn.attempt === 'number' ? turn.attempt + 1 : nextAttempt,
          error: turn.error === undefined ? undefined : decodeFailure(JSON.stringify(turn.error)),
          time,
        },
      ]
    case 'died':
    case 'released':
    case 'again':
      return [{ type: 'state', state: 'queued', time }]
    default:
      return []
  }
}
