import { useEffect, useState } from 'preact/hooks'
import { type About, ApiError, get, type Overview } from './api.ts'

/** The things that all screens know. */
export interface Live {
  readonly about: About | undefined
  readonly overview: Overview | undefined
  /** The reason why there is nothing new; undefined where all is well. */
  readonly trouble: Trouble | undefined
}

export interface Trouble {
  /** `away`: it is asked again. `out`: somebody has to open another address. `store`: the store cannot be looked into. */
  readonly kind: 'away' | 'out' | 'store'
  readonly message: string
}

const shortest = 500
const longest = 5_000

/** Listens to what changes, and goes on after the server was away. */
export function useLive(): Live {
  const [live, setLive] = useState<Live>({ about: undefined, overview: undefined, trouble: undefined })
  useEffect(() => {
    let source: EventSource | undefined
    let timer: number | undefined
    let wait = shortest
    let isOver = false
    const change = (part: Partial<Live>): void => {
      if (!isOver) setLive(before => ({ ...before, ...part }))
    }
    const begin = async (): Promise<void> => {
      try {
        change({ about: await get<About>('about') })
      } catch (error) {
        return again(error)
      }
      if (isOver || document.hidden) return
      source = new EventSource('api/events')
      source.addEventListener('overview', event => {
        wait = shortest
        change({ overview: JSON.parse((event as MessageEvent<string>).data) as Overview, trouble: undefined })
      })
      source.addEventListener('trouble', event => {
        const { message } = JSON.parse((event as MessageEvent<string>).data) as { message: string }
        change({ trouble: { kind: 'store', message } })
      })
      source.addEventListener('error', () => {
        source?.close()
        again(undefined)
      })
    }
    const again = (error: unknown): void => {
      source?.close()
      source = undefined
      if (isOver) return
      if (error instanceof ApiError && (error.status === 401 || error.status === 403 || error.status === 421))
        change({ trouble: { kind: 'out', message: error.message } })
      else if (error !== undefined) change({ trouble: { kind: 'away', message: (error as Error).message } })
      clearTimeout(timer)
      timer = window.setTimeout(() => void begin(), wait)
      wait = Math.min(longest, wait * 2)
    }
    // A window that nobody sees asks for nothing.
    const shown = (): void => {
      clearTimeout(timer)
      source?.close()
      source = undefined
      if (!document.hidden) void begin()
    }
    document.addEventListener('visibilitychange', shown)
    void begin()
    return () => {
      isOver = true
      clearTimeout(timer)
      source?.close()
      document.removeEventListener('visibilitychange', shown)
    }
  }, [])
  return live
}

/** Something that is asked for, and asked for again when a key changes; what was there before stays until then. */
export interface Loaded<T> {
  readonly value: T | undefined
  readonly error: Error | undefined
  readonly again: () => void
}

/**
 * @param key asks anew when it is another one, without anything to show meanwhile
 * @param beat asks again when it is another one
 */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>, beat: unknown): Loaded<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: Error }>({ key })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const controller = new AbortController()
    load(controller.signal).then(
      value => {
        if (!controller.signal.aborted) setState({ key, value })
      },
      (error: unknown) => {
        if (controller.signal.aborted) return
        // What is there may be old, and is better than nothing, unless it is gone.
        const isGone = error instanceof ApiError && error.status !== 0 && error.status < 500
        setState(before =>
          before.key === key && before.value !== undefined && !isGone
            ? { ...before, error: error as Error }
            : { key, error: error as Error },
        )
      },
    )
    return () => controller.abort()
  }, [key, beat, turn])
  const isSame = state.key === key
  return {
    value: isSame ? state.value : undefined,
    error: isSame ? state.error : undefined,
    again: () => setTurn(before => before + 1),
  }
}
