import { useEffect, useState } from 'preact/hooks'

/** A place in the page, as its address has it: `#/jobs?q=state:failed`. */
export interface Place {
  readonly path: readonly string[]
  readonly params: URLSearchParams
}

/** The place that an address means. */
function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const parts = path.split('/').filter(each => each !== '')
  return { path: parts.map(safelyDecoded), params: new URLSearchParams(query) }
}

function safelyDecoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The address of a place. */
export function addressOf(path: readonly string[], params: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '')).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`
}

/** The address of a job, and of jobs that a search finds. */
export function jobAddress(id: string): string {
  return addressOf(['jobs', id])
}
export function searchAddress(q: string): string {
  return addressOf(['jobs'], { q })
}

/** A value of a search, in quotes where it needs them. */
export function quoted(value: string): string {
  return /^[\w.@/#:-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}

/** Goes to another place. */
export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  window.dispatchEvent(new Event('hashchange'))
}

/** The place of this moment. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash))
  useEffect(() => {
    const moved = (): void => setPlace(placeOf(location.hash))
    window.addEventListener('hashchange', moved)
    window.addEventListener('popstate', moved)
    return () => {
      window.removeEventListener('hashchange', moved)
      window.removeEventListener('popstate', moved)
    }
  }, [])
  return place
}
