// Downloads many pages: at most 20 at once, 300 ms for each, three tries; slow pages are given up, the rest arrives.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loop, main, TimeoutError } from 'skein'
import { download } from './tasks.ts'

const pages = 200

await main(import.meta, async () => {
  const site = await openSite()
  const urls = Array.from({ length: pages }, (_, at) => `${site.url}/page/${at}`)
  const downloads = loop({ concurrency: 20 })

  let bytes = 0
  let titles = 0
  let tooSlow = 0
  let broken = 0
  const results = downloads.map(download, urls, { ordered: false, settle: true, timeout: '300ms', retries: 2 })
  for await (const result of results) {
    if (result.state === 'done') {
      bytes += result.value.bytes
      titles++
    } else if (result.error instanceof TimeoutError) tooSlow++
    else broken++
  }

  console.log(`${titles} pages arrived, ${bytes} bytes`)
  console.log(`${tooSlow} took too long and were given up, ${broken} were broken for good`)
  console.log(`never more than 20 requests at once: ${site.most() <= 20}`)
  await downloads.close()
  await site.close()
})

/** The web, as it is: most pages come quickly, two hang, every tenth fails at the first try, one is gone. */
async function openSite(): Promise<{ url: string; most(): number; close(): Promise<void> }> {
  const seen = new Set<string>()
  let open = 0
  let most = 0
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const page = Number(path.split('/')[2])
    most = Math.max(most, ++open)
    response.once('close', () => open--)
    if (page === 50 || page === 150) return // never answered
    if (page === 99) return void response.writeHead(410).end()
    if (page % 10 === 0 && !seen.has(path)) {
      seen.add(path)
      return void response.writeHead(503).end()
    }
    setTimeout(() => response.end(`<title>Page ${page}</title>`.padEnd(1000)), 5 + (page % 7))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    most: () => most,
    close: () => {
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
