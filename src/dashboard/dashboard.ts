import { now } from '../core/time/clock.ts'
import { type ReadJob } from '../inspect/read-job.ts'
import { queueIn } from '../queue/client/connect.ts'
import { isAddress, openShared } from '../queue/open-store.ts'
import { describe } from '../core/errors/checks.ts'
import { ClosedError, InvalidArgumentError } from '../core/errors/errors.ts'
import type { StoredJob } from '../stores/roles/inspector.ts'
import type { Store } from '../stores/roles/store.ts'
import { Guard } from './access/guard.ts'
import { Refusal, refusal, refusalOf } from './answers.ts'
import type { Room, Route } from './api/context.ts'
import { fileRoutes } from './api/files.ts'
import { routed } from './api/router.ts'
import { actRoutes } from './api/routes/act.ts'
import { eventRoutes } from './api/routes/events.ts'
import { lookRoutes } from './api/routes/look.ts'
import { SharedAnswers } from './api/shared-answers.ts'
import { Streams } from './api/streams.ts'
import { redaction } from './jobs/redaction.ts'
import { shownJob } from './jobs/shown-job.ts'
import { Pulse } from './live/pulse.ts'
import { checkOptions, type DashboardOptions } from './options.ts'

/** A dashboard: a function that answers requests of the web's own form; `dashboard()` makes one. */
export interface Dashboard extends AsyncDisposable {
  (request: Request): Promise<Response>
  /** The secret that visitors need, for the address: `?token=…`. Absent where there is none. */
  readonly token?: string
  /** Ends what is being sent, answers no more, and closes the store if it was given as a URL. */
  close(): Promise<void>
}

/** All that a dashboard answers. */
export const routes: readonly Route[] = [...fileRoutes, ...lookRoutes, ...actRoutes, ...eventRoutes]

/**
 * Makes a page that shows a store, and an API of JSON below it: what waits, runs and has failed, each job with its story, schedules and
 * workers; and lets people retry, cancel, purge, pause, run and submit again.
 *
 * It is one function from a `Request` to a `Response`, so it can be mounted in any server: as it is in Hono and others of that form,
 * through `nodeHandler` in `node:http`, Express and Fastify. `skein dashboard --store URL` serves it without a program. For numbers that
 * machines collect take `metrics` of `skein/observe`.
 *
 * Without `authorize` it answers on this machine's own names alone, to those who have its token. It looks into the store as long as a page
 * is open, at most once a second for all of them, and does nothing while none is.
 *
 * **Cancellation**: `close()`; a request whose signal aborts looks no further.
 *
 * **Errors**: `SKEIN_INVALID_ARGUMENT` for a wrong option, and what a store says when it cannot be opened. The function itself never
 * rejects: what goes wrong is an answer with a status and a reason; what a store cannot do has the status 501.
 *
 * @param options the store, and who may do what
 * @example
 * import { task } from 'skein'
 * import { dashboard } from 'skein/dashboard'
 * import { connect } from 'skein/queue'
 *
 * const greet = task(import.meta, (name: string) => `Hello, ${name}`, { name: 'greet' })
 * await using queue = await connect('memory:dashboard')
 * await queue.submit(greet, 'Ada')
 *
 * await using board = await dashboard({ store: 'memory:dashboard', authorize: () => true })
 * const response = await board(new Request('http://localhost/api/jobs?q=state:ready'))
 * const { jobs } = (await response.json()) as { jobs: { task: string; arguments: string }[] }
 * console.log(response.status, jobs.length, jobs[0]?.arguments) // 200 1 ("Ada")
 */
export async function dashboard(options: DashboardOptions): Promise<Dashboard> {
  checkOptions(options)
  const { store: given, base = '/', hide, redact, onAction } = options
  const isOwn = isAddress(given)
  if (!isOwn && !isStore(given))
    throw new InvalidArgumentError(`store must be the URL of a store, or an open one, got ${describe(given)}`)
  const store = isOwn ? await openShared(given) : given
  const redactor = redaction(hide, redact)
  const streams = new Streams()
  const pulse = new Pulse(store)
  const queue = queueIn(store)
  const shown = (job: StoredJob): ReadJob => shownJob(job, redactor)
  const answers = new SharedAnswers()
  const tell: Room['tell'] = record => {
    pulse.changed()
    try {
      onAction?.({ time: now(), ...record })
    } catch {
      // It was done, whatever becomes of the record.
    }
  }
  const room: Room = { store, queue, pulse, streams, answers, redact: redactor, shown, tell }
  const guard = new Guard(options)
  const below = base.replace(/\/+$/, '')
  let closed: Promise<void> | undefined

  const handle = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    if (closed !== undefined) throw new ClosedError('The dashboard is closed.')
    const path = pathBelow(below, url.pathname)
    const visitor = await guard.admit(request, url)
    if (visitor instanceof Response) return visitor
    // The page asks for its files beside itself, so its address must end with a slash.
    if (path === '') return new Response(null, { status: 308, headers: { location: `${url.pathname}/${url.search}` } })
    const { route, params } = routed(routes, request.method, path)
    if (route.right !== undefined && !visitor.may.has(route.right))
      throw new Refusal(403, 'not-allowed', `You may not do that here: it takes the right ${route.right}.`)
    return route.answer({ ...room, request, url, visitor, params })
  }
  const answerTo = async (request: Request): Promise<Response> => {
    try {
      return await handle(request)
    } catch (error) {
      return refusal(refusalOf(error))
    }
  }
  const close = (): Promise<void> =>
    (closed ??= (async () => {
      streams.close()
      pulse.close()
      await queue.close()
      if (isOwn) await store.close()
    })())
  return Object.assign(answerTo, {
    ...(guard.token === undefined ? {} : { token: guard.token }),
    close,
    [Symbol.asyncDispose]: close,
  })
}

/** The path of a request below the base path; empty for the base path itself, without a slash. **Errors**: `Refusal`. */
function pathBelow(base: string, path: string): string {
  if (base === '') return path
  if (path === base) return ''
  if (path.startsWith(`${base}/`)) return path.slice(base.length)
  throw new Refusal(404, 'not-found', 'There is nothing at this address.')
}

function isStore(value: unknown): value is Store {
  const { broker, results, url } = (value ?? {}) as Partial<Record<keyof Store, unknown>>
  return typeof broker === 'object' && typeof results === 'object' && typeof url === 'string'
}
