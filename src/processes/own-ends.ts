import { createReadStream, createWriteStream } from 'node:fs'
import type { ConnectOpts, Socket, SocketConstructorOpts } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { runtime } from '../core/system/runtime.ts'
import { repliesFd, requestsFd } from './descriptors.ts'

/** Opens the stream of this process to its pool. */
export function openReplies(): Writable {
  return runtime.opensSocketsByDescriptor
    ? socketOf({ fd: repliesFd, readable: false, writable: true })
    : createWriteStream('', { fd: repliesFd, autoClose: false })
}

/** Opens the stream of the pool to this process. What arrives lies in memory that is used again: it has to be read at once. */
export function openRequests(onBytes: (bytes: Buffer) => void): Readable {
  if (!runtime.opensSocketsByDescriptor) {
    return createReadStream('', { fd: requestsFd, autoClose: false }).on('data', bytes => onBytes(bytes as Buffer))
  }
  // Read always into the same memory and past the stream. All that a socket holds fits in, 208 KiB where nobody has changed it.
  const pieces = Buffer.allocUnsafeSlow(262_144)
  // The types of Node 20 know `onread` only among the options of `connect`.
  const options: SocketConstructorOpts & ConnectOpts = {
    fd: requestsFd,
    readable: true,
    writable: false,
    onread: {
      buffer: pieces,
      callback: bytes => {
        onBytes(pieces.subarray(0, bytes))
        return true
      },
    },
  }
  return socketOf(options)
}

/** Node's module is loaded here, since threads have the code of processes, too, and start without it. */
function socketOf(options: SocketConstructorOpts): Socket {
  return new (process.getBuiltinModule('node:net').Socket)(options)
}
