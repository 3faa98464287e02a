import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { notTested, redisProgram } from './services.ts'

const found = await redisProgram()
const program = found.missing === undefined ? found.program : ''

/** Tests that need a Redis server, which is installed if need be; where it may not be, one that says so loudly. */
export function describeRedis(title: string, body: () => void | Promise<void>): void {
  if (found.missing === undefined) describe(title, body)
  else test(title, t => notTested(t, found.missing))
}

/** A Redis server that one test file has for itself. */
export interface RedisServer {
  readonly port: number
  /** The URL of its first database. */
  readonly url: string
  /** What the server answers to a command: a string or a number as text, the strings of a list one to a line. */
  text(...command: string[]): Promise<string>
  /** It dies at once, as if the power had gone, and is started again on the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Starts a server on a port and in a folder of its own. @param options as on its command line */
export async function freshRedis(...options: string[]): Promise<RedisServer> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'skein-redis-'))
  const given = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...options]
  let child = await started(given)
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    text: async (...command) => shown(await ask(port, command)),
    restart: async () => {
      await end('SIGKILL')
      child = await started(given)
    },
    stop: async () => {
      await end('SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves once the server says that it is ready. */
async function started(given: readonly string[]): Promise<ChildProcess> {
  const child = spawn(program, given, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString()
      if (said.includes('Ready to accept connections')) resolve()
    })
    child.on('exit', code => reject(new Error(`${program} has ended with ${code}: ${said}`)))
  })
  return child
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
