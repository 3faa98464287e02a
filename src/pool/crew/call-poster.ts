import { encode, type Encoding, newCallEncoding, newEncoding } from '../../call/codec/codec.ts'
import { hasItems } from '../../call/run/entry.ts'
import { checkStillHere, explainFailure, tryToClone } from '../../call/codec/explain.ts'
import type { PutState } from '../../call/codec/put.ts'
import { callRequest } from './call-request.ts'
import { unsendableBy, unsendableCall } from '../wire/failures.ts'
import type { PoolEntry, PoolWorker } from './pool-worker.ts'
import { type CallRequest, flag, request } from '../wire/messages.ts'

const pathOfPut = 'the value that was put'

/** Posts calls whose arguments have to be encoded, with the memory that goes along and the values that must be there first. */
export class CallPoster {
  readonly #kind: 'threads' | 'processes'
  readonly #arguments: Encoding
  readonly #values: Encoding

  constructor(kind: 'threads' | 'processes') {
    this.#kind = kind
    this.#arguments = newCallEncoding(kind)
    this.#values = newEncoding(kind)
  }

  /** Throws when a call cannot be sent: then the worker has heard nothing of it, and nothing has moved. */
  post(entry: PoolEntry, worker: PoolWorker, slot: number, task: number, flags: number): void {
    const { work } = entry
    const { args, moved } = work
    let call: CallRequest
    let json: boolean
    let weight: number
    try {
      if (moved) checkStillHere(moved, args, 'arguments')
      const encoded = encode(args, 'arguments', this.#arguments, hasItems(entry.kind) ? 2 : 1)
      const { marked, puts } = this.#arguments
      ;({ json, weight } = this.#arguments)
      let bits = marked ? flags | flag.marked : flags
      if (marked && puts !== undefined && puts.size > 0) {
        for (const put of puts) this.#bring(put, worker)
        bits |= flag.puts
      }
      call = callRequest(entry, slot, task, encoded, bits)
    } catch (error) {
      throw unsendableBy(work.task.name, error)
    }
    try {
      worker.post(call, json, moved)
    } catch (error) {
      throw unsendableCall(this.#kind, work, error)
    }
    const { placement } = entry
    // A getter of its arguments may have cancelled it: then the worker does not have it any more.
    if (placement?.worker === worker) {
      placement.weight = weight
      worker.weight += weight
    }
    entry.gaveAway = moved !== undefined && this.#kind === 'threads'
  }

  /** Sends a value that was put to a worker that doesn't have it yet. */
  #bring(put: PutState, worker: PoolWorker): void {
    const { puts } = worker
    if (puts.has(put)) return
    const { value } = put.checkOpen(pathOfPut)
    const encoded = encode(value, pathOfPut, this.#values)
    const { marked, json } = this.#values
    try {
      worker.post([request.put, put.id, encoded, marked ? 1 : 0], json, [])
    } catch (error) {
      throw explainFailure(value, pathOfPut, error, part => tryToClone(part, undefined))
    }
    puts.add(put)
    put.holders.set(worker, () => {
      puts.delete(put)
      worker.post([request.drop, put.id], true)
      worker.flush()
    })
  }
}
