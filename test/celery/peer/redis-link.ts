import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What a server answers. */
export type Reply = string | number | null | Error | readonly Reply[]

/** A connection to a Redis server, as plain as can be: commands in, answers out, and what comes on channels. */
export class RedisLink {
  readonly #socket: Socket
  readonly #waiting: ((reply: Reply) => void)[] = []
  /** Called with each message that comes on a channel. */
  onMessage: (channel: string, text: string) => void = () => {}
  #rest = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', data => this.#take(data))
  }

  static async open(port: number): Promise<RedisLink> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RedisLink(socket)
  }

  ask(...command: readonly string[]): Promise<Reply> {
    const parts = command.map(each => `$${Buffer.byteLength(each)}\r\n${each}\r\n`)
    this.#socket.write(`*${command.length}\r\n${parts.join('')}`)
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data])
    for (;;) {
      const read = replyIn(this.#rest, 0)
      if (read === undefined) return
      const [reply, end] = read
      this.#rest = this.#rest.subarray(end)
      if (Array.isArray(reply) && reply[0] === 'pmessage') this.onMessage(String(reply[2]), String(reply[3]))
      else this.#waiting.shift()?.(reply)
    }
  }
}

/** The first answer in there and where it ends; undefined while it is not whole. */
function replyIn(data: Buffer, start: number): readonly [reply: Reply, end: number] | undefined {
  const lineEnd = data.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const kind = String.fromCharCode(data[start]!)
  const line = data.toString('utf8', start + 1, lineEnd)
  const next = lineEnd + 2
  if (kind === '+') return [line, next]
  if (kind === '-') return [new Error(line), next]
  if (kind === ':') return [Number(line), next]
  const size = Number(line)
  if (size < 0) return [null, next]
  if (kind === '$')
    return data.length < next + size + 2 ? undefined : [data.toString('utf8', next, next + size), next + size + 2]
  const items: Reply[] = []
  let at = next
  while (items.length < size) {
    const item = replyIn(data, at)
    if (item === undefined) return undefined
    items.push(item[0])
    at = item[1]
  }
  return [items, at]
}
