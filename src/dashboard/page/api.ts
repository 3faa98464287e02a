import type { Failure } from '../../inspect/read-job.ts'
import type { Overview } from '../live/overview.ts'
import type { ManyProgress } from '../jobs/many-jobs.ts'
import type { JobRow } from '../jobs/row.ts'
import type { DashboardAction } from '../rights.ts'

export type { Failure, JobRow, ManyProgress, Overview }
type State = JobRow['state']

/** The store, and what may and can be done. */
export interface About {
  readonly store: string
  readonly durability: 'none' | 'relaxed' | 'full'
  readonly visitor?: string
  readonly may: readonly DashboardAction[]
  readonly can: readonly string[]
  readonly search: Readonly<Record<string, string>>
}

export interface JobList {
  readonly jobs: readonly JobRow[]
  readonly looked: number
  readonly of?: number
  readonly cursor?: string
}

export interface StoryEntry {
  readonly sequence: number
  readonly kind: 'progress' | 'log' | 'item' | 'step' | 'undone' | 'state'
  readonly time?: string
  readonly value?: unknown
  readonly damaged?: boolean
}

export interface Job {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly state: State
  readonly args?: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
  readonly malformed?: string
  readonly priority: number
  readonly attempt: number
  readonly deaths: number
  readonly worker?: string
  readonly key?: string
  readonly keyUntil?: string
  readonly limitKey?: string
  readonly tags?: readonly string[]
  readonly sentAt?: string
  readonly dueAt?: string
  readonly startedAt?: string
  readonly endedAt?: string
  readonly expiresAt?: string
  readonly deadlineAt?: string
  readonly result?: unknown
  readonly error?: Failure
  readonly cancelling?: unknown
  readonly waits?: readonly {
    readonly kind: string
    readonly name: string
    readonly until?: string
    readonly id?: string
  }[]
  readonly damaged?: readonly string[]
  readonly clonable: boolean
  readonly story: readonly StoryEntry[]
  readonly omitted?: number
}

export interface GraphJob {
  readonly id: string
  readonly task?: string
  readonly state: State
  readonly needs?: number
  readonly has?: number
  readonly worker?: string
  readonly why?: string
  readonly parent?: string
}

export interface Graph {
  readonly root: string
  readonly jobs: readonly GraphJob[]
  readonly count: number
}

export interface Schedule {
  readonly name: string
  readonly state: 'active' | 'paused' | 'over' | 'unreadable'
  readonly rule?:
    | { readonly cron: string; readonly timeZone: string }
    | { readonly every: number }
    | { readonly at: number }
  readonly catchUp: string
  readonly overlap: string
  readonly jitter: number
  readonly from?: string
  readonly until?: string
  readonly most?: number
  readonly declared: boolean
  readonly task: string
  readonly queue: string
  readonly args?: readonly unknown[]
  readonly next?: string
  readonly count: number
  readonly runs: readonly {
    readonly id: string
    readonly term?: number
    readonly at: number
    readonly outcome: string
  }[]
  readonly error?: Failure
  readonly times?: readonly string[]
}

/** A request that was not answered as meant. `status` 0: there was no answer. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(`api/${path}`, { ...init, credentials: 'same-origin' })
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error
    throw new ApiError(0, 'no-answer', 'The dashboard does not answer.')
  }
  if (response.ok) return response
  const { error } = (await response.json().catch(() => ({}))) as { error?: { code: string; message: string } }
  throw new ApiError(response.status, error?.code ?? 'failed', error?.message ?? `Status ${response.status}`)
}

/** Asks for something. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, signal === undefined ? {} : { signal })
  return (await response.json()) as T
}

/** Has something done. */
export async function post<T>(path: string, body: object = {}): Promise<T> {
  return (await (await send(path, sent(body))).json()) as T
}

function sent(body: object, signal?: AbortSignal): RequestInit {
  const headers = { 'content-type': 'application/json' }
  return { method: 'POST', headers, body: JSON.stringify(body), ...(signal === undefined ? {} : { signal }) }
}

/** Has something done to many jobs, and tells how far it has come. To abort stops it. */
export async function postMany(
  path: string,
  body: object,
  tell: (progress: ManyProgress) => void,
  signal: AbortSignal,
): Promise<ManyProgress | undefined> {
  const response = await send(path, sent(body, signal))
  const reader = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string>
  let rest = ''
  let last: ManyProgress | undefined
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const lines = `${rest}${piece.value}`.split('\n')
    rest = lines.pop() as string
    for (const line of lines) {
      const value = JSON.parse(line) as ManyProgress & { error?: { code: string; message: string } }
      if (value.error !== undefined) throw new ApiError(500, value.error.code, value.error.message)
      last = value
      tell(value)
    }
  }
  return last
}
