import type { IncomingMessage, ServerResponse } from 'node:http'

/** The request of `node:http`, and of servers that stand on it. */
type NodeRequest = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown }

/**
 * Lets a handler of the web's own form, such as a dashboard, answer in a server of `node:http`, in Express or in Fastify.
 *
 * Where a server is made of such handlers already (Hono, Bun, Deno), it is not needed.
 *
 * **Cancellation**: the request's signal aborts when its visitor has gone.
 *
 * **Errors**: none; where the handler rejects, the answer has the status 500.
 *
 * @param handler from a `Request` to a `Response`
 * @example
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { dashboard, nodeHandler } from 'skein/dashboard'
 *
 * await using board = await dashboard({ store: 'memory:served' })
 * const server = createServer(nodeHandler(board)).listen(0, '127.0.0.1')
 * await new Promise(resolve => server.once('listening', resolve))
 * const { port } = server.address() as AddressInfo
 * const response = await fetch(`http://127.0.0.1:${port}/api/overview`, { headers: { authorization: `Bearer ${board.token}` } })
 * console.log(response.status) // 200
 * server.close()
 * server.closeAllConnections()
 */
export function nodeHandler(
  handler: (request: Request) => Response | Promise<Response>,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => void handle(handler, request, response)
}

async function handle(
  handler: (request: Request) => Response | Promise<Response>,
  request: NodeRequest,
  response: ServerResponse,
): Promise<void> {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('the visitor has gone'))
  })
  let answer: Response
  try {
    const asked = requestOf(request, controller.signal)
    answer = asked === undefined ? new Response(null, { status: 400 }) : await handler(asked)
  } catch {
    answer = new Response(null, { status: 500 })
  }
  try {
    await send(answer, response, request.method === 'HEAD')
  } catch {
    // The visitor has gone, or what was sent broke off: there is nobody to tell.
    response.destroy()
  }
}

/** The same request in the web's own form; undefined for one that there cannot be. */
function requestOf(request: NodeRequest, signal: AbortSignal): Request | undefined {
  const { method = 'GET', headers } = request
  const isSafe = method === 'GET' || method === 'HEAD'
  const scheme = 'encrypted' in request.socket ? 'https' : 'http'
  // Express takes the path at which a handler is mounted out of `url`.
  const path = request.originalUrl ?? request.url ?? '/'
  const address = `${scheme}://${headers.host ?? 'localhost'}${path.startsWith('/') ? path : `/${path}`}`
  if (!URL.canParse(address)) return undefined
  const own = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':')) continue
    for (const each of Array.isArray(value) ? value : [value]) own.append(name, each)
  }
  try {
    return new Request(address, { method, headers: own, signal, ...(isSafe ? {} : bodyOf(request)) })
  } catch {
    return undefined
  }
}

/** The body, also where a framework has read it already. */
function bodyOf(request: NodeRequest): RequestInit {
  const { body } = request
  if (body === undefined || body === null) return { body: request as never, duplex: 'half' } as RequestInit
  if (typeof body === 'string' || body instanceof Uint8Array) return { body: body as never }
  return { body: JSON.stringify(body) }
}

async function send(answer: Response, response: ServerResponse, isHead: boolean): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(answer.headers)
  const cookies = answer.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  response.writeHead(answer.status, headers)
  if (answer.body === null || isHead) {
    await answer.body?.cancel()
    response.end()
    return
  }
  const reader = answer.body.getReader()
  // One who has left reads no more, and nothing more is made.
  response.once('close', () => void reader.cancel().catch(() => {}))
  response.flushHeaders()
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    if (response.destroyed) return
    if (!response.write(piece.value)) await new Promise<void>(resolve => waitFor(response, resolve))
  }
  response.end()
}

function waitFor(response: ServerResponse, done: () => void): void {
  const wake = (): void => {
    response.off('drain', wake).off('close', wake)
    done()
  }
  response.on('drain', wake).on('close', wake)
}
