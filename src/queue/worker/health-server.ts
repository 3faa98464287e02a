import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { WorkerHealth } from './reports.ts'

/** A small HTTP server that says whether a worker does its work. */
export interface HealthServer {
  /** The port that it listens on; of use when it was asked for port 0. */
  readonly port: number
  close(): Promise<void>
}

/** So many connections are open at once. Each new one is served: it takes the place of the oldest. */
const mostConnections = 32

/** A request comes at once and is short; what takes longer only holds descriptors that jobs may need. Milliseconds, bytes. */
const limits = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8 * 1024,
}

/**
 * Serves `GET /healthz`: status 200 while the worker consumes and 503 while it doesn't, with what is known as JSON.
 *
 * @param host loopback unless somebody says otherwise: the page shows what runs here
 * **Errors**: `SKEIN_INVALID_ARGUMENT` when the port cannot be had.
 */
export async function serveHealth(health: () => WorkerHealth, port: number, host: string): Promise<HealthServer> {
  const server: Server = createServer(limits, (request, response) => {
    const path = (request.url ?? '').replace(/[?#].*$/, '')
    if (path !== '/healthz') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is only /healthz here.\n')
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    const state = health()
    response
      .writeHead(state.consuming ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(request.method === 'HEAD' ? '' : `${JSON.stringify(state)}\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', error =>
      reject(
        new InvalidArgumentError(`The health page cannot listen on ${host}:${port}: ${error.message}`, {
          cause: error,
        }),
      ),
    )
    server.listen(port, host, resolve)
  })
  const open = new Set<Socket>()
  server.on('connection', socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const [oldest] = open
    if (open.size > mostConnections) oldest?.destroy()
  })
  // The page is about the worker's life; it must not prolong it.
  server.unref()
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
