import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { visible } from '../format.ts'
import { searchAddress } from '../route.ts'

const given: readonly (readonly [name: string, q: string])[] = [
  ['All', ''],
  ['Running', 'state:running'],
  ['Waiting', 'state:ready,delayed,held'],
  ['Failed', 'state:failed'],
  ['Dead', 'state:dead'],
  ['Done', 'state:done'],
  ['Cancelled', 'state:cancelled'],
]
const place = 'skein-views'

/** Searches that are at hand: those of everybody, and those that were kept in this browser. */
export function Views({ q, search }: { readonly q: string; readonly search: (q: string) => void }): JSX.Element {
  const [kept, setKept] = useState<readonly string[]>(read)
  const write = (next: readonly string[]): void => {
    setKept(next)
    try {
      localStorage.setItem(place, JSON.stringify(next))
    } catch {
      // A browser that keeps nothing.
    }
  }
  const isKnown = kept.includes(q) || given.some(([, each]) => each === q)
  return (
    <nav class="views" aria-label="Views">
      {given.map(([name, each]) => (
        <a key={name} href={searchAddress(each)} aria-current={each === q ? 'page' : undefined}>
          {name}
        </a>
      ))}
      {kept.map(each => (
        <span key={each} class="kept">
          <a href={searchAddress(each)} aria-current={each === q ? 'page' : undefined}>
            {visible(each)}
          </a>
          <button
            type="button"
            class="plain"
            aria-label={`Forget the view ${visible(each)}`}
            onClick={() => {
              write(kept.filter(other => other !== each))
              if (each === q) search('')
            }}
          >
            ×
          </button>
        </span>
      ))}
      {!isKnown && (
        <button type="button" class="plain" onClick={() => write([...kept, q])}>
          + keep this search
        </button>
      )}
    </nav>
  )
}

function read(): string[] {
  try {
    const value = JSON.parse(localStorage.getItem(place) ?? '[]') as unknown
    return Array.isArray(value) ? value.filter(each => typeof each === 'string' && each !== '').slice(0, 30) : []
  } catch {
    return []
  }
}
