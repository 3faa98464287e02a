/** Numbers and times as people read them. */

export function count(value: number): string {
  return value.toLocaleString('en')
}

/** A number in few characters: 12.3k. */
export function brief(value: number): string {
  if (value < 10_000) return count(Math.round(value))
  if (value < 1_000_000) return `${trimmed(value / 1_000)}k`
  return `${trimmed(value / 1_000_000)}M`
}

function trimmed(value: number): string {
  return value < 100 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value))
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let at = 0
  let left = value
  for (; left >= 1024 && at < units.length - 1; at++) left /= 1024
  return `${at === 0 ? left : left.toFixed(left < 10 ? 1 : 0)} ${units[at]}`
}

/** A length of time, in the two largest units that say something. */
export function span(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0).replace(/\.0$/, '')} s`
  if (ms < 3_600_000) return two(ms, 60_000, 'min', 1_000, 's')
  if (ms < 86_400_000) return two(ms, 3_600_000, 'h', 60_000, 'min')
  return two(ms, 86_400_000, 'd', 3_600_000, 'h')
}

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small)
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}

/** A moment relative to now: `3 s ago`, `in 5 min`. */
export function relative(moment: number, now: number): string {
  const away = moment - now
  if (Math.abs(away) < 1_000) return 'now'
  return away < 0 ? `${largest(-away)} ago` : `in ${largest(away)}`
}

function largest(ms: number): string {
  if (ms < 60_000) return `${Math.floor(ms / 1_000)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`
  return `${Math.floor(ms / 86_400_000)} d`
}

/** A moment in full, in the time of this browser. */
export function moment(value: number | string): string {
  const date = new Date(value)
  const pad = (part: number, width = 2): string => String(part).padStart(width, '0')
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`
}

export function clock(value: number | string): string {
  return moment(value).slice(11, 16)
}

// Whatever a terminal or a browser would act on instead of showing it.
const unprintable =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/** Text as it is, with signs for what cannot be seen. Line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replace(unprintable, letter =>
    letter === '\n' || letter === '\t' ? letter : `\\u{${(letter.codePointAt(0) as number).toString(16)}}`,
  )
}
