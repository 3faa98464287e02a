import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

/**
 * A small site of real files, each answered after a wait of 5 to 35 ms: what a service on the network feels like. It runs
 * in a process of its own, so that its work doesn't count as the work of what is measured.
 */
const files = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as string[]

const server = createServer((request, response) => {
  const index = Number(request.url?.slice(1))
  const file = files[index % files.length]
  if (!Number.isInteger(index) || file === undefined) {
    response.writeHead(404).end()
    return
  }
  // The same page always takes the same time, so that every place has the same work.
  const wait = 5 + (((index * 2654435761) >>> 0) % 31)
  setTimeout(() => {
    try {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(readFileSync(file))
    } catch {
      response.writeHead(410).end()
    }
  }, wait)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0)
})
// It goes when the program that started it goes, however that ends.
process.on('disconnect', () => process.exit(0))
