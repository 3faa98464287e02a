import type { ScheduleStatus } from '../queue/client/schedule.ts'
import { errorToJson } from './to-json.ts'

/** A schedule for programs. */
export function scheduleAsJson({ error, ...status }: ScheduleStatus): Record<string, unknown> {
  return { ...status, ...(error === undefined ? {} : { error: errorToJson(error) }) }
}
