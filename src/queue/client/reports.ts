import { decodeValue } from '../../celery/result.ts'
import type { LogLine } from '../../core/events/log-line.ts'
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
