import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A real process of the matrix: a worker or a client. */
export class Victim {
  readonly child: ChildProcess
  /** Resolves when it has said that it is ready, or has ended before. */
  readonly ready: Promise<void>
  readonly exit: Promise<Exit>
  #ended: Exit | undefined
  /** The last of what it has printed, for the report of something unexpected. */
  output = ''

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>, cwd?: string) {
    this.child = spawn(process.execPath, args, {
      env: { ...process.env, ...environment },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C on the whole run is not meant for it.
      detached: true,
    })
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-4_000)
    }
    this.child.stderr?.on('data', keep)
    this.exit = new Promise(resolve => {
      this.child.once('close', (code, signal) => resolve((this.#ended = { code, signal })))
    })
    this.ready = new Promise(resolve => {
      this.child.stdout?.on('data', (chunk: Buffer) => {
        // It may be the first word of more than is kept, where this program was not asked for long.
        if (/ready/.test(this.output + chunk.toString())) resolve()
        keep(chunk)
      })
      void this.exit.then(() => resolve())
    })
  }

  /**
   * Resolves when it is ready, has ended, or was stopped before either: one that is stopped while it holds the lock of a store
   * lets nobody else get ready.
   */
  async begun(): Promise<void> {
    let ready = false
    void this.ready.then(() => (ready = true))
    while (!ready && !this.stopped) await within(this.ready, 20, undefined)
  }

  get ended(): Exit | undefined {
    return this.#ended
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#ended) this.child.kill(signal)
  }

  /** True while somebody has stopped it (SIGSTOP). Linux only. */
  get stopped(): boolean {
    try {
      const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'T'
    } catch {
      return false
    }
  }

  /** Resolves with true when it has ended, with false when that takes longer than so many milliseconds. */
  endedWithin(ms: number): Promise<boolean> {
    return within(
      this.exit.then(() => true),
      ms,
      false,
    )
  }

  /** Resolves with true when it prints such a line, with false when it ends before or takes longer. */
  async says(line: RegExp, ms: number): Promise<boolean> {
    const end = Date.now() + ms
    while (Date.now() < end && !this.#ended) {
      if (line.test(this.output)) return true
      await this.endedWithin(20)
    }
    return line.test(this.output)
  }

  /** As `endedWithin`, also when it was stopped meanwhile. */
  async grievedWithin(ms: number): Promise<boolean> {
    const end = Date.now() + ms
    while (Date.now() < end) {
      if (this.#ended || this.stopped) return true
      await this.endedWithin(20)
    }
    return false
  }
}

/** What a promise gives, or something else when that takes longer than so many milliseconds. */
function within<T>(promise: Promise<T>, ms: number, otherwise: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(otherwise), ms)
    promise.then(
      value => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
