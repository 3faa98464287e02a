import type { MessagePort } from 'node:worker_threads'

/**
 * What collects between two flushes: messages in order, split into runs that can travel as JSON and runs that cannot.
 *
 * For small plain messages one JSON text is several times quicker to make, to post and to read than a structured clone of
 * the same batch; everything else is cloned.
 */
export class Batch<M> {
  #runs: { readonly json: boolean; readonly messages: M[] }[] = []

  add(message: M, json: boolean): void {
    const last = this.#runs[this.#runs.length - 1]
    if (last?.json === json) last.messages.push(message)
    else this.#runs.push({ json, messages: [message] })
  }

  /** Posts everything, in order. `refused` gets each message that cannot be cloned; all others go through. */
  send(port: MessagePort, refused: (message: M, error: unknown) => void): void {
    const runs = this.#runs
    this.#runs = []
    for (const { json, messages } of runs) {
      if (json) {
        port.postMessage(JSON.stringify(messages))
        continue
      }
      try {
        port.postMessage(messages)
        continue
      } catch {
        // One of them holds something that cannot be cloned, and nothing has been sent. One by one, the others go through.
      }
      for (const message of messages) {
        try {
          port.postMessage([message])
        } catch (error) {
          refused(message, error)
        }
      }
    }
  }
}

/** The messages of a batch as it arrived. */
export function readBatch<M>(data: string | readonly M[]): readonly M[] {
  return typeof data === 'string' ? (JSON.parse(data) as M[]) : data
}
