import { writeSync } from 'node:fs'
import { isMainThread, parentPort, type MessagePort, receiveMessageOnPort, threadId } from 'node:worker_threads'
import { current, task } from 'skein'
import { touch } from '../files.ts'

export const fillBuffer = task(import.meta, function fillBuffer(buffer: ArrayBuffer, value: number): ArrayBuffer {
  new Uint8Array(buffer).fill(value)
  return buffer
})

export const addToShared = task(import.meta, function addToShared(shared: SharedArrayBuffer, times: number): void {
  const cells = new Int32Array(shared)
  for (let n = 0; n < times; n++) Atomics.add(cells, 0, 1)
})

/** Answers on the port that it was given. */
export const answerOn = task(import.meta, function answerOn(port: MessagePort, text: string): string {
  const received = receiveMessageOnPort(port) as { message: string } | undefined
  port.postMessage(`${text} ${received?.message ?? 'nothing'}`)
  port.close()
  return 'answered'
})

export const runtime = task(import.meta, function runtime(): {
  main: boolean
  thread: number
  pid: number
  hasPort: boolean
} {
  return { main: isMainThread, thread: threadId, pid: process.pid, hasPort: parentPort !== null }
})

/** Ignores SIGTERM and keeps its process busy in an async way. */
export const ignoreSigterm = task(import.meta, async function ignoreSigterm(started: string): Promise<never> {
  process.on('SIGTERM', () => undefined)
  touch(started)
  return new Promise(() => {
    setInterval(() => undefined, 10)
  })
})

export const raise = task(import.meta, async function raise(signal: NodeJS.Signals): Promise<never> {
  process.kill(process.pid, signal)
  return new Promise(() => {
    setInterval(() => undefined, 60_000)
  })
})

export const abort = task(import.meta, function abort(): never {
  process.abort()
})

/** Writes to the descriptor on which a process answers, and waits for what comes of it. */
export const writeToChannel = task(
  import.meta,
  async function writeToChannel(text: string, times: number): Promise<void> {
    for (let n = 0; n < times; n++) writeSync(4, Buffer.from(text, 'latin1'))
    await current().sleep('1m')
  },
)
