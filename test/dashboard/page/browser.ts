import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { nodeHandler } from 'skein/dashboard'
import { chromiumProgram, notTested } from '../../support/services.ts'

const { missing, program = '' } = (await chromiumProgram()) as { missing?: string; program?: string }
let browser: Browser | undefined

/** A test that needs a browser; where there is none, one that says so loudly. */
export function testInBrowser(title: string, body: (t: TestContext) => Promise<void>): void {
  test(title, { timeout: 120_000 }, t => (missing === undefined ? body(t) : notTested(t, missing)))
}

/** Ends the browser that the tests of a file share. */
export async function closeBrowser(): Promise<void> {
  await browser?.close()
  browser = undefined
}

/** A server of a handler on a port of this machine. */
export async function served(
  t: TestContext,
  handler: (request: Request) => Promise<Response>,
  port = 0,
): Promise<{ readonly address: string; readonly port: number; close(): Promise<void> }> {
  const server = createServer(nodeHandler(handler)).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    const closed = server.listening ? once(server, 'close') : undefined
    server.close()
    server.closeAllConnections()
    await closed
  }
  t.after(close)
  const taken = (server.address() as AddressInfo).port
  return { address: `http://127.0.0.1:${taken}`, port: taken, close }
}

/** A window of the browser. What goes wrong in it fails the test. */
export async function openPage(t: TestContext, url: string, options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= await chromium.launch({
    executablePath: program.includes('/') ? program : `/usr/bin/${program}`,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options })
  const faults: string[] = []
  const page = await context.newPage()
  page.on('pageerror', error => faults.push(error.message))
  page.on('console', message => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text())
  })
  page.on('dialog', dialog => {
    faults.push(`a script has run: ${dialog.message()}`)
    void dialog.dismiss()
  })
  t.after(async () => {
    await context.close()
    if (faults.length > 0) throw new Error(faults.join('\n'))
  })
  await page.goto(url)
  return page
}
