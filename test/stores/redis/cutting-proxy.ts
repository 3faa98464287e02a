import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * What is wrong with the way to a server. `refuses`: whoever comes is turned away. `late`: everything arrives, and some time after it was
 * sent. `deaf`: connections are taken, and what is sent does not get to the server. `mute`: it does, and no answer gets back. A
 * connection that has lost something stays as it is when that is over: no way goes on after a hole.
 */
export type Fault = 'none' | 'refuses' | 'late' | 'deaf' | 'mute'

/** The time by which everything is late, in milliseconds. */
const lateBy = 200

/** A way to a server that can be cut, and be bad in other ways. */
export interface CuttingProxy {
  readonly port: number
  fault: Fault
  /**
   * Cuts the next connection over which some text is sent: before the server has it (`request`), or when it has answered and before
   * the answer gets back (`answer`). Resolves once that has happened.
   */
  cutAt(text: string, moment: 'request' | 'answer'): Promise<void>
  /** Resets each of the next connections over which some text is sent, when the server has answered and before the answer gets back. */
  resetAt(text: string, times: number): void
  /** The number of resets that are still to come. */
  readonly resetsLeft: number
  /** Cuts all connections. */
  cutAll(): void
  close(): Promise<void>
}

/** @param target the port of the server */
export async function cuttingProxy(target: number): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let due: { readonly text: string; readonly moment: 'request' | 'answer'; readonly done: () => void } | undefined
  let resets = { text: '', left: 0 }
  const listener = createServer(client => {
    if (proxy.fault === 'refuses') {
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
    let isBroken = false
    const onTheWay = new Map<Socket, number>()
    /** Hands something on, in order, or loses it. */
    const pass = (to: Socket, data: Buffer, losing: Fault): void => {
      isBroken ||= proxy.fault === losing
      if (isBroken) return
      const before = onTheWay.get(to) ?? 0
      if (proxy.fault !== 'late' && before === 0) {
        to.write(data)
        return
      }
      // What comes after something that is late is late, too: timers of the same length ring in the order in which they were set.
      onTheWay.set(to, before + 1)
      setTimeout(() => {
        onTheWay.set(to, (onTheWay.get(to) as number) - 1)
        to.write(data)
      }, lateBy)
    }
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
      } else if (resets.left > 0 && data.includes(resets.text)) {
        resets.left--
        silent = () => client.resetAndDestroy()
      }
      pass(server, data, 'deaf')
    })
    server.on('data', data => {
      if (silent === undefined) return pass(client, data, 'mute')
      silent()
      cut()
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
    fault: 'none',
    cutAt: (text, moment) => new Promise(done => (due = { text, moment, done })),
    resetAt: (text, left) => void (resets = { text, left }),
    get resetsLeft() {
      return resets.left
    },
    cutAll,
    close: async () => {
      cutAll()
      listener.close()
      await once(listener, 'close')
    },
  }
  return proxy
}
