import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isLocalName } from '../../dashboard/access/hosts.ts'
import { dashboard, type Dashboard } from '../../dashboard/dashboard.ts'
import { nodeHandler } from '../../dashboard/node-handler.ts'
import type { DashboardActionRecord } from '../../dashboard/rights.ts'
import { type Arguments, type CommandBody, noWords } from '../command.ts'
import { CannotServeError, exitCodes, UsageError } from '../exit-codes.ts'
import { listenForInterrupt } from '../interrupt.ts'
import { type Output, say } from '../output.ts'
import { storeOption, withStore } from './store-option.ts'
import { short } from './words.ts'

const usualPort = 4747
/** A token that lasts longer than one run: links and open pages go on working after a restart. */
const tokenVariable = 'SKEIN_DASHBOARD_TOKEN'

/** `skein dashboard`: a page that shows a store. */
export const dashboardCommand: CommandBody = {
  usage: ['skein dashboard [--store URL] [--port N] [--host NAME] [--read-only]'],
  examples: [
    ['skein dashboard --store sqlite:jobs.db', 'prints the address of the page: open it'],
    ['skein dashboard --read-only --port 0', 'nothing can be changed; on any free port (the store is in SKEIN_STORE)'],
    ['skein dashboard --host 0.0.0.0', 'for other machines, too: all who have the address may look and act'],
    ['skein dashboard --base /queue', 'behind a proxy that hands on what is below /queue'],
  ],
  about: [
    `Until Ctrl-C. Only this machine is answered, and only who has the token in the address. It is another one with each start, unless ${tokenVariable} says which (16 characters or more). Each action is told on standard error. To put the page into a program of yours, behind its own login: dashboard() of skein/dashboard.`,
  ],
  options: {
    port: { value: 'N', short: 'p', help: `the port; 0 for any that is free (default: ${usualPort})` },
    host: { value: 'NAME', help: 'the address to listen at (default: 127.0.0.1)' },
    base: { value: 'PATH', help: 'the path under which it is asked, such as /queue (default: /)' },
    'read-only': { help: 'nothing can be changed' },
    ...storeOption,
  },
  run: runDashboard,
}

async function runDashboard(args: Arguments, output: Output): Promise<number> {
  noWords(args)
  const port = args.integer('port', 0) ?? usualPort
  if (port > 65_535) throw new UsageError(`--port must be at most 65535, got ${port}`, 'dashboard')
  const host = args.text('host') ?? '127.0.0.1'
  const base = args.text('base')
  const token = process.env[tokenVariable]
  const isLocal = isLocalName(host === '::1' ? '[::1]' : host)
  return withStore(args, 'skein dashboard', async store => {
    const board = await dashboard({
      store,
      ...(base === undefined ? {} : { base }),
      ...(token === undefined || token === '' ? {} : { token }),
      ...(isLocal ? {} : { hosts: 'any' as const }),
      readOnly: args.has('read-only'),
      onAction: record => {
        if (!args.has('quiet')) say(lineOf(record))
      },
    })
    try {
      await serve(board, { host, port, base }, args, output)
    } finally {
      await board.close()
    }
    return exitCodes.fine
  })
}

interface Place {
  readonly host: string
  readonly port: number
  readonly base: string | undefined
}

async function serve(board: Dashboard, { host, port, base }: Place, args: Arguments, output: Output): Promise<void> {
  const server = createServer(nodeHandler(board))
  let stopped: () => void = () => {}
  const asked = new Promise<void>(resolve => (stopped = resolve))
  const interrupt = listenForInterrupt(() => stopped())
  try {
    await listening(server, host, port)
    const { port: taken } = server.address() as AddressInfo
    const shown = host.includes(':') ? `[${host}]` : host
    const path = `${(base ?? '').replace(/\/+$/, '')}/`
    const url = `http://${shown}:${taken}${path}${board.token === undefined ? '' : `?token=${board.token}`}`
    await firstLook(board, url)
    if (args.has('json')) await output.json(JSON.stringify({ url }))
    else await output.lines([url])
    if (!args.has('json') && !args.has('quiet')) say('Open this address in a browser. Ctrl-C ends the dashboard.')
    await asked
  } finally {
    interrupt.stop()
    server.close()
    server.closeAllConnections()
  }
}

/** Looks into the store once: of a million jobs it takes a moment to count those that have ended, and from then on little. */
async function firstLook(board: Dashboard, url: string): Promise<void> {
  const { token } = board
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await board(new Request(new URL('api/overview', url), { headers }))
  await response.body?.cancel()
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((done, failed) => {
      server.once('error', failed)
      server.listen(port, host, done)
    })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new CannotServeError(
        `Port ${port} of ${host} is taken. Take another one: --port N, or --port 0 for any`,
        error,
      )
    throw new CannotServeError(`The dashboard cannot listen at ${host}, port ${port}: ${message}`, error)
  }
}

/** An action on one line. */
function lineOf({ time, action, to, ids, search, outcomes }: DashboardActionRecord): string {
  const which = ids === undefined ? [] : [ids.length === 1 ? short(ids[0] as string, 60) : `${ids.length} named`]
  const meant = search === undefined ? [] : [search === '' ? 'all' : `all that match ${short(search, 100)}`]
  const became = Object.entries(outcomes ?? {}).map(([outcome, count]) => `${count} ${outcome}`)
  return [new Date(time).toISOString(), action, short(to, 100), ...which, ...meant, ...became].join('  ')
}
