import { spawn, spawnSync } from 'node:child_process'
import { connect, createServer } from 'node:net'

/** True where a Redis server can be started. */
export const redisPresent = spawnSync('redis-server', ['--version']).status === 0

/**
 * Starts a Redis of this measurement's own, on loopback and a free port, with its files in `directory`.
 *
 * @param fsync `always`: a write is on disk before it is answered; `everysec`: up to a second of writes can be lost
 */
export async function startRedis(directory, fsync) {
  const port = await freePort()
  const options = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'yes', appendfsync: fsync }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 200) throw new Error('redis-server does not answer')
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  return { port, stop: () => server.kill() }
}

/** The number of commands that programs send to a server in so many milliseconds, without those that scripts of theirs run there. */
export function commandsIn(port, milliseconds) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write('MONITOR\r\n'))
    socket.once('error', reject)
    socket.on('data', data => (text += data))
    setTimeout(() => {
      socket.destroy()
      // The first line says that it listens.
      const lines = text.split('\r\n').slice(1, -1)
      resolve(lines.filter(line => !/^\S+ \[\d+ lua\]/.test(line)).length)
    }, milliseconds)
  })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function answers(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
