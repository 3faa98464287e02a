import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { threads } from 'skein/threads'
import { failsAndLeaves, id } from './leaving.ts'

/** Waits without a turn of the event loop. */
function block(memory: Int32Array<SharedArrayBuffer>, ms: number): void {
  Atomics.wait(memory, 0, 0, ms)
}

test('what a thread has answered before it ended is heard by a program that was busy meanwhile', async () => {
  const pool = threads({ workers: 1 })
  const server = createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  try {
    for (let round = 0; round < 3; round++) {
      await pool.run(id) // it is there, and its port has nothing to tell
      const gone = new Int32Array(new SharedArrayBuffer(4))
      const call = pool.run(failsAndLeaves, gone)
      const ended = assert.rejects(call, { name: 'RangeError', message: 'refused' })
      socket.write('x')
      // Where sockets are looked at, before what other threads have to tell: that has to wait until this function returns.
      await new Promise<void>(resolve => {
        socket.once('data', () => {
          block(gone, 10_000)
          block(new Int32Array(new SharedArrayBuffer(4)), 200) // until nothing is left of the thread
          resolve()
        })
      })
      await ended
    }
  } finally {
    socket.destroy()
    server.close()
    await pool.close()
  }
})
