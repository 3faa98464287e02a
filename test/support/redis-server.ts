import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import {
  notTested,
  redisProgram,
  type RedisServer as Server,
  type ServerProgram,
  startRedis,
  startServer,
} from './services.ts'

const { missing } = await redisProgram()

/** Tests that need a Redis server, which is installed if need be; where it may not be, one that says so loudly. */
export function describeRedis(title: string, body: () => void | Promise<void>): void {
  if (missing === undefined) describe(title, body)
  else test(title, t => notTested(t, missing))
}

/** A Redis server that one test file has for itself, and that can be asked. */
export interface RedisServer extends Server {
  /** What the server answers to a command: a string or a number as text, the strings of a list one to a line. */
  text(...command: string[]): Promise<string>
}

/** Starts a server on a port and in a folder of its own. @param options as on its command line */
export async function freshRedis(...options: string[]): Promise<RedisServer> {
  const server = await startRedis(...options)
  if (server.missing !== undefined) throw new Error(server.missing)
  return asked(server)
}

/** Starts one of another program. */
export async function freshServer(found: ServerProgram, ...options: string[]): Promise<RedisServer> {
  return asked(await startServer(found, ...options))
}

function asked(server: Server): RedisServer {
  return { ...server, text: asking(server.port) }
}

/** Asks a server on a port of this machine: what it answers, as text. */
export function asking(port: number): RedisServer['text'] {
  return async (...command) => shown(await ask(port, command))
}

/** A simple answer as text. */
function shown(answer: string): string {
  if (answer.startsWith('-')) throw new Error(answer.slice(1))
  const [first, ...lines] = answer.split('\r\n')
  if (first === '$-1') return ''
  if (!/^[$*]/.test(first as string)) return (first as string).slice(1)
  if (first?.startsWith('$')) return answer.slice(first.length + 2, -2)
  return lines.filter(line => line !== '' && !line.startsWith('$')).join('\n')
}

/** Asks over a connection of its own, as plainly as can be. */
async function ask(port: number, command: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    const parts = command.map(each => `$${Buffer.byteLength(each)}\r\n${each}\r\n`)
    socket.write(`*${command.length}\r\n${parts.join('')}`)
    let answer = Buffer.alloc(0)
    for (;;) {
      const [more] = (await once(socket, 'data')) as [Buffer]
      answer = Buffer.concat([answer, more])
      const length = /^\$(\d+)\r\n/.exec(answer.subarray(0, 30).toString())
      // A long string comes in pieces.
      if (length === null || answer.length >= length[0].length + Number(length[1]) + 2) return answer.toString()
    }
  } finally {
    socket.destroy()
  }
}
