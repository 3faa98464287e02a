import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut. */
export interface CuttingProxy {
  readonly port: number
  /** Whoever comes is turned away. */
  refuses: boolean
  /**
   * Cuts the next connection over which some text is sent: before the server has it (`request`), or when it has answered and before
   * the answer gets back (`answer`). Resolves once that has happened.
   */
  cutAt(text: string, moment: 'request' | 'answer'): Promise<void>
  /** Cuts all connections. */
  cutAll(): void
  close(): Promise<void>
}

/** @param target the port of the server */
export async function cuttingProxy(target: number): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let due: { readonly text: string; readonly moment: 'request' | 'answer'; readonly done: () => void } | undefined
  const listener = createServer(client => {
    if (proxy.refuses) {
      client.destroy()
      return
    }
    const server = connect(target, '127.0.0.1')
    const pair = [client, server] as const
    pairs.add(pair)
    const cut = (): void => {
      pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    let silent: (() => void) | undefined
    client.on('data', data => {
      if (due !== undefined && data.includes(due.text)) {
        const { moment, done } = due
        due = undefined
        if (moment === 'request') {
          cut()
          done()
          return
        }
        silent = done
      }
      server.write(data)
    })
    server.on('data', data => {
      if (silent === undefined) client.write(data)
      else {
        cut()
        silent()
      }
    })
    for (const each of pair) {
      each.on('error', cut)
      each.on('close', cut)
    }
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const cutAll = (): void => {
    for (const pair of pairs) for (const each of pair) each.destroy()
  }
  const proxy: CuttingProxy = {
    port: (listener.address() as { port: number }).port,
    refuses: false,
    cutAt: (text, moment) => new Promise(done => (due = { text, moment, done })),
    cutAll,
    close: async () => {
      cutAll()
      listener.close()
      await once(listener, 'close')
    },
  }
  return proxy
}
