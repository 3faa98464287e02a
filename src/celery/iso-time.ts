/** A time as Celery writes it: microseconds and an explicit offset. */
export function isoTime(time: number): string {
  return new Date(time).toISOString().replace(/(\.\d{3})Z$/, '$1000+00:00')
}
