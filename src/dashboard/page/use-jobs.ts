import { useEffect, useRef, useState } from 'preact/hooks'
import { get, type JobList, type JobRow, type Overview } from './api.ts'

/** The jobs that a search has found so far. */
export interface FoundJobs {
  readonly jobs: readonly JobRow[]
  readonly looked: number
  readonly of: number | undefined
  readonly isLooking: boolean
  readonly isStopped: boolean
  readonly hasMore: boolean
  /** Nothing is left to be looked at. */
  readonly isWhole: boolean
  readonly error: Error | undefined
  readonly more: () => void
  readonly stop: () => void
  readonly again: () => void
}

interface State {
  readonly q: string
  readonly jobs: readonly JobRow[]
  readonly looked: number
  readonly of?: number
  readonly cursor?: string
  readonly isLooking: boolean
  readonly isStopped?: boolean
  readonly error?: Error
}

const pageSize = 50
/** A list is asked for again after so long at the earliest, in milliseconds. */
const restBetween = 2_000

/** Looks for jobs, page after page; the first page is looked at again when something changes, as long as it is the only one. */
export function useJobs(q: string, overview: Overview | undefined): FoundJobs {
  const [state, setState] = useState<State>({ q, jobs: [], looked: 0, isLooking: true })
  const controller = useRef<AbortController | undefined>(undefined)
  const pages = useRef(1)
  const last = useRef(0)

  /** Looks until a page is full, all were looked at, or somebody stops it. */
  const look = async (from: State, isFresh: boolean): Promise<void> => {
    controller.current?.abort()
    const own = (controller.current = new AbortController())
    const { signal } = own
    let { jobs, looked, cursor, of } = from
    const wanted = jobs.length + pageSize
    // What is shown stays until there is something to take its place.
    if (!isFresh) setState({ ...from, isLooking: true })
    try {
      do {
        const params = new URLSearchParams({ q, limit: String(wanted - jobs.length) })
        if (cursor !== undefined) params.set('cursor', cursor)
        const page = await get<JobList>(`jobs?${params.toString()}`, signal)
        const known = new Set(jobs.map(({ id }) => id))
        jobs = [...jobs, ...page.jobs.filter(({ id }) => !known.has(id))]
        looked += page.looked
        of = page.of ?? of
        cursor = page.cursor
        const isLooking = cursor !== undefined && jobs.length < wanted
        // An old list is not taken away for one that has only begun.
        if (!isFresh || !isLooking) setState(made({ q, jobs, looked, of, cursor, isLooking }))
      } while (cursor !== undefined && jobs.length < wanted && !signal.aborted)
    } catch (error) {
      if (signal.aborted) return
      setState(before => ({
        ...before,
        q,
        isLooking: false,
        error: error as Error,
        ...(isFresh ? {} : made({ q, jobs, looked, of, cursor, isLooking: false })),
      }))
    } finally {
      last.current = Date.now()
      if (controller.current === own) controller.current = undefined
    }
  }

  const begin = (isFresh: boolean): void => {
    pages.current = 1
    void look({ q, jobs: [], looked: 0, isLooking: true }, isFresh)
  }
  useEffect(() => {
    begin(false)
    return () => controller.current?.abort()
  }, [q])
  useEffect(() => {
    const isIdle = controller.current === undefined && pages.current === 1 && state.isStopped !== true
    if (overview !== undefined && isIdle && Date.now() - last.current >= restBetween) begin(true)
  }, [overview?.at])

  const isNew = state.q !== q
  return {
    jobs: isNew ? [] : state.jobs,
    looked: isNew ? 0 : state.looked,
    of: state.of,
    isLooking: isNew || state.isLooking,
    isStopped: state.isStopped === true,
    hasMore: state.cursor !== undefined,
    isWhole: !isNew && !state.isLooking && state.cursor === undefined && state.error === undefined,
    error: isNew ? undefined : state.error,
    more: () => {
      pages.current++
      void look(state, false)
    },
    stop: () => {
      controller.current?.abort()
      controller.current = undefined
      setState(before => ({ ...before, isLooking: false, isStopped: true }))
    },
    again: () => begin(true),
  }
}

function made(state: {
  readonly q: string
  readonly jobs: readonly JobRow[]
  readonly looked: number
  readonly of: number | undefined
  readonly cursor: string | undefined
  readonly isLooking: boolean
}): State {
  const { q, jobs, looked, of, cursor, isLooking } = state
  return {
    q,
    jobs,
    looked,
    isLooking,
    ...(of === undefined ? {} : { of }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}
