export { bytes, count, plural, significant, time } from '../../advisor/words.ts'

/** Time left or passed, as a clock shows it: 0:07, 12:40, 1:02:09. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const pad = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${pad(seconds % 60)}`
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`
}
