import { weigh } from '../../call/codec/weigh.ts'
import type { LogLine } from '../../core/events/log-line.ts'
import { decodeArrived } from '../wire/decode-arrived.ts'
import { reply, type WordOfRun } from '../wire/messages.ts'
import type { PoolEntry, PoolWorker } from './pool-worker.ts'

/** Those to whom the words of a run go on. */
export interface Hearers {
  started(entry: PoolEntry): void
  progress(entry: PoolEntry, value: unknown): void
  log(entry: PoolEntry, line: LogLine): void
  ask(worker: PoolWorker, entry: PoolEntry, message: Extract<WordOfRun, { readonly 0: typeof reply.ask }>): void
}

/** Passes on what a run that goes on has to say. Throws what is wrong with that. */
export function hearWord(worker: PoolWorker, entry: PoolEntry, message: WordOfRun, hearers: Hearers): void {
  switch (message[0]) {
    case reply.started:
      entry.started = worker.timeOrigin + message[2] / 1_000
      return hearers.started(entry)
    case reply.items: {
      const { value, error } = decodeArrived(message[2], message[3])
      if (error !== undefined) throw error
      // Nothing comes behind what is missing.
      if (entry.unreadable !== undefined || message[4] !== entry.stream?.batches) return
      entry.stream.batches++
      if (entry.bytes) entry.bytes.received += weigh(value)
      return entry.deliver(value as unknown[])
    }
    case reply.progress: {
      const { value, error } = decodeArrived(message[2], message[3])
      if (error === undefined) hearers.progress(entry, value)
      else process.emitWarning(error)
      return
    }
    case reply.log: {
      const { value, error } = decodeArrived(message[4], message[5])
      if (error !== undefined) process.emitWarning(error)
      const fields = value as Readonly<Record<string, unknown>> | null | undefined
      return hearers.log(entry, { text: message[2], time: message[3], ...(fields ? { fields } : {}) })
    }
    case reply.ask:
      return hearers.ask(worker, entry, message)
  }
}
