import { setImmediate } from '../core/time/platform.ts'
import { environmentOf } from '../pool/wire/environment.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { orDenied } from '../core/errors/permission.ts'
import type { Ended } from '../core/errors/errors.ts'
import { RealTimer } from '../core/time/real-timer.ts'
import { unsendableArgument } from '../pool/wire/failures.ts'
import { tagLines } from '../pool/host/output.ts'
import type { PoolSettings } from '../pool/wire/pool-options.ts'
import type { Transport, TransportEvents, WorkerInit } from '../pool/wire/transport.ts'
import { type Reply, type Request, request } from '../pool/wire/messages.ts'
import { ReplyReader, RequestWriter } from '../pool/words/messages.ts'
import { repliesFd, requestsFd } from './descriptors.ts'
import { FilePoolLedger, ledgerBytes, openCodeFile, openLedger } from './file-ledger.ts'
import { DamagedStreamError, FrameReader, FrameWriter, initFrame, writeParts } from './frames.ts'
import { HeldReader } from './held-replies.ts'
import { inheritedFlags } from '../pool/wire/inherited-flags.ts'
import { writeCodeFile } from './code-file.ts'
import { withCode } from '../pool/crew/worker-code.ts'
import { processCommand, quickProcessCommand } from './starter.ts'

/** The children that run. A program that ends takes them along, also one in a synchronous loop, which cannot notice by itself. */
const running = new Set<ChildProcess>()

function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

function watch(child: ChildProcess): void {
  if (running.size === 0) process.on('exit', endAll)
  running.add(child)
  child.once('exit', () => {
    running.delete(child)
    if (running.size === 0) process.off('exit', endAll)
  })
}

/** A child process, the sockets to it and from it, and the ledger file that both have open. */
export class Process implements Transport {
  readonly ledger: FilePoolLedger
  readonly #child: ChildProcess
  readonly #requests: Socket | undefined
  readonly #replies: Socket | undefined
  /** After one frame, which it has not made. */
  readonly #writer = new FrameWriter<Request>(RequestWriter, 1)
  readonly #reader: FrameReader<Reply>
  readonly #held: HeldReader
  #stderrTail = ''
  #saysOutOfMemory = false
  #exited = false
  #unreadable: Error | undefined

  constructor(init: WorkerInit, settings: PoolSettings, events: TransportEvents) {
    const first = initFrame(init)
    const fd = openLedger(init.slots)
    const quick = takesCode(settings) ? quickProcessCommand() : undefined
    const code = quick && openCodeFile()
    // Told to read code that it was not given, a process would read, and close, a descriptor that its Node has opened.
    const command = quick && code !== undefined ? quick : processCommand()
    const tagged = settings.output === 'tagged'
    try {
      this.#child = spawn(process.execPath, [...execArgvOf(settings), ...command], {
        // With a memory limit stderr is read, too: what V8 says when it runs out of memory is only said there.
        stdio: [
          'ignore',
          tagged ? 'pipe' : 'inherit',
          tagged || settings.memoryLimit ? 'pipe' : 'inherit',
          'pipe',
          'pipe',
          fd,
          ...(code === undefined ? [] : [code]),
        ],
        ...(settings.env ? { env: environmentOf(settings.env) } : {}),
      })
    } catch (error) {
      closeSync(fd)
      if (code !== undefined) closeSync(code)
      throw orDenied(error, { child: true })
    }
    if (code !== undefined) withCode(compiled => writeCodeFile(code, compiled))
    // A child that could not be started is an event, too, and where no descriptor was left, it has no streams at all.
    let failure: Error | undefined
    this.#child.on('error', error => (failure = error))
    this.#child.on('exit', () => (this.#exited = true))
    this.ledger = new FilePoolLedger(fd, init.slots)
    const stdio = (this.#child as Partial<ChildProcess>).stdio ?? []
    this.#requests = stdio[requestsFd] as Socket | undefined
    this.#replies = stdio[repliesFd] as Socket | undefined
    // The child is gone, or about to be; 'close' tells the rest.
    for (const socket of this.#sockets()) socket.on('error', () => {})
    this.#reader = new FrameReader<Reply>(ReplyReader, replies => events.onReplies(replies))
    this.#held = new HeldReader(fd, ledgerBytes(init.slots))
    this.#replies?.on('data', (chunk: Buffer) => this.#read(chunk))
    // The first frame is not a request but what the worker has to know; its initializer may have arguments of any kind.
    this.#requests?.write(first)
    const { stdout, stderr } = this.#child
    if (tagged && stdout) tagLines(stdout, process.stdout, init.name)
    if (stderr) {
      if (tagged) tagLines(stderr, process.stderr, init.name)
      stderr.on('data', (chunk: Buffer) => {
        if (!tagged) process.stderr.write(chunk)
        // What V8 says before its stack is all there is to know that by.
        const said = this.#stderrTail + chunk.toString()
        if (said.includes('heap out of memory')) this.#saysOutOfMemory = true
        this.#stderrTail = said.slice(-100)
      })
    }
    this.#child.unref()
    for (const stream of this.#streams()) stream.unref()
    if (this.#child.pid !== undefined) watch(this.#child)
    // 'close' comes after 'exit' and after the last byte of every pipe: nothing that the child said is lost, nor what it held back.
    this.#child.on('close', (exitCode, signal) => {
      this.look()
      this.#exited = true
      // Nothing may be left once the pool hears of the exit: our ends of the sockets are closed first, and the handle of the
      // child itself is freed at the end of the next turn of the event loop.
      const report = (): void =>
        events.onExit({
          exitCode,
          signal,
          outOfMemory: signal === 'SIGABRT' && this.#saysOutOfMemory,
          ...(failure ? { error: failure } : {}),
          ...(this.#unreadable ? { unreadable: this.#unreadable } : {}),
        })
      const tell = (): void => void setImmediate(() => setImmediate(report))
      const open = this.#sockets().filter(socket => !socket.closed)
      let left = open.length
      if (left === 0) tell()
      for (const socket of open) socket.once('close', () => --left === 0 && tell()).destroy()
    })
  }

  /** Something else than a Host has written to its descriptors, or something stands there that cannot be read: it is not to be trusted. */
  #read(chunk: Buffer): void {
    if (this.#unreadable) return
    try {
      this.#reader.push(chunk)
    } catch (error) {
      if (!(error instanceof DamagedStreamError)) throw error
      this.#unreadable = error
      this.#child.kill('SIGKILL')
    }
  }

  post(message: Request, json: boolean): void {
    try {
      // A call has been offered before it was encoded.
      if (message[0] === request.call || !this.#writer.addPlain(message)) this.#writer.add(message, json)
    } catch (error) {
      throw unsendableArgument('process', error)
    }
  }

  postPlain(message: Request): boolean {
    return this.#writer.addPlain(message)
  }

  flush(): void {
    if (this.#requests && !this.#requests.destroyed) writeParts(this.#requests, this.#writer.take())
  }

  look(): void {
    if (!this.#unreadable) this.#reader.look(this.#held)
  }

  #sockets(): Socket[] {
    return [this.#requests, this.#replies].filter(socket => socket !== undefined)
  }

  #streams(): Socket[] {
    const { stdout, stderr } = this.#child
    return [...this.#sockets(), ...([stdout, stderr].filter(Boolean) as Socket[])]
  }

  async memory(): Promise<number | undefined> {
    try {
      const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8')
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
    } catch {
      return undefined // it is gone, or the system has no such file
    }
  }

  async terminate(grace: number): Promise<Ended> {
    if (this.#exited) return 'terminated'
    const closed = new Promise<void>(resolve => this.#child.once('close', () => resolve()))
    this.#child.kill('SIGTERM')
    let ended: Ended = 'terminated'
    const timer = new RealTimer(grace, () => {
      ended = 'killed'
      this.#child.kill('SIGKILL')
    })
    await closed
    timer.clear()
    return ended
  }
}

/** V8 takes compiled code only under the options under which it was compiled: those of the program. */
function takesCode({ execArgv, memoryLimit }: PoolSettings): boolean {
  return execArgv === undefined && memoryLimit === undefined
}

function execArgvOf(settings: PoolSettings): string[] {
  const inherited = settings.execArgv ?? inheritedFlags(process.execArgv)
  return settings.memoryLimit === undefined
    ? [...inherited]
    : [...inherited, `--max-old-space-size=${settings.memoryLimit}`]
}
