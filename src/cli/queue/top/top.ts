import { Pulse } from '../../../dashboard/live/pulse.ts'
import { messageOf } from '../../../core/errors/foreign.ts'
import { readJobAsJson } from '../../../inspect/job-json.ts'
import { type Arguments, type CommandBody, noWords } from '../../command.ts'
import { durationOf } from '../../duration-option.ts'
import { exitCodes, UsageError } from '../../exit-codes.ts'
import { type Interrupt, listenForInterrupt } from '../../interrupt.ts'
import type { Output } from '../../output.ts'
import { pause } from '../../pause.ts'
import { clip } from '../../ui/style.ts'
import { storeOption, withStore } from '../store-option.ts'
import { listenForKeys } from './keyboard.ts'
import { type Moment, momentOf } from './moment.ts'
import { picture, troubleLine } from './picture.ts'
import { afterKey, firstView, type View } from './view.ts'

/** The time between two looks, in milliseconds: at first, and at least. */
const usual = 1_000
/** The width of text for a file or another program: nobody is to find lines cut that could be whole. */
const wide = 200

/** `skein top`: a store, live. */
export const topCommand: CommandBody = {
  usage: ['skein top [--store URL] [--filter TEXT] [--every TIME] [--json]'],
  examples: [
    ['skein top --store sqlite:jobs.db', 'queues, what runs in which worker, the slowest tasks: live, until q'],
    ['skein top --filter mail', 'only what has mail in its name (the store is in SKEIN_STORE)'],
    ['skein top | cat', 'one picture as plain text, where no terminal shows it'],
    ['skein top --json --every 10s >> top.jsonl', 'for programs, again and again'],
  ],
  about: [
    'Keys: q quits, / filters, 1 2 3 show the queues, what runs, or the tasks alone, s sorts the tasks, space holds still, ? is the help. The tasks are those of which a job has ended within the last hour. skein dashboard shows the same and more in a browser.',
  ],
  options: {
    filter: { value: 'TEXT', short: 'f', help: 'only queues, workers, tasks and jobs with this text in their names' },
    every: {
      value: 'TIME',
      help: 'the time between two pictures, from 1s up (default: 1s on a terminal, else only one picture)',
    },
    ...storeOption,
  },
  run: runTop,
}

async function runTop(args: Arguments, output: Output): Promise<number> {
  noWords(args)
  const every = durationOf(args, 'every')
  if (every !== undefined && every < usual) throw new UsageError('--every must be at least 1s', 'top')
  const view = firstView(args.text('filter') ?? '')
  return withStore(args, 'skein top', async store => {
    const pulse = new Pulse(store)
    const interrupt = listenForInterrupt(() => {})
    try {
      const look = (): Promise<Moment> => momentOf(store, pulse)
      if (output.isTerminal && !args.has('json')) await new Live(output, look, view, interrupt).run(every ?? usual)
      else {
        // Who says how often is not to get the same twice.
        const anew = (): Promise<Moment> => {
          pulse.changed()
          return look()
        }
        await print(args, output, anew, view, { every, interrupt })
      }
    } finally {
      interrupt.stop()
      pulse.close()
    }
    return exitCodes.fine
  })
}

interface Printing {
  readonly every: number | undefined
  readonly interrupt: Interrupt
}

/** Pictures one after the other; only one unless it is said how often. */
async function print(
  args: Arguments,
  output: Output,
  look: () => Promise<Moment>,
  view: View,
  { every, interrupt }: Printing,
): Promise<void> {
  for (let first = true; !interrupt.signal.aborted; first = false) {
    const moment = await look()
    if (args.has('json')) await output.json(JSON.stringify(asJson(moment)))
    else
      await output.lines([
        ...(first ? [] : ['', '─'.repeat(40)]),
        ...picture(moment, view, { columns: wide, rows: Infinity }, output.style),
      ])
    if (every === undefined) return
    await pause(every, interrupt.signal)
  }
}

function asJson({ store, overview, running }: Moment): Record<string, unknown> {
  return {
    store,
    ...overview,
    at: new Date(overview.at).toISOString(),
    ...(running ? { running: running.map(readJobAsJson) } : {}),
  }
}

/** The picture on a terminal: a new one with each look and after each key. */
class Live {
  readonly #output: Output
  readonly #look: () => Promise<Moment>
  readonly #interrupt: Interrupt
  readonly #ended = new AbortController()
  #view: View
  #moment: Moment | undefined
  #trouble: string | undefined
  /** Pictures follow each other: what is written while one is on its way is one picture more. */
  #drawing: Promise<void> | undefined
  #isOld = false

  constructor(output: Output, look: () => Promise<Moment>, view: View, interrupt: Interrupt) {
    this.#output = output
    this.#look = look
    this.#view = view
    this.#interrupt = interrupt
  }

  async run(every: number): Promise<void> {
    // Where the store cannot be read from the start, that is the end of the command, as of any other.
    this.#moment = await this.#look()
    if (this.#interrupt.signal.aborted) return
    const end = (): void => this.#ended.abort()
    this.#interrupt.signal.addEventListener('abort', end)
    const leave = this.#output.fullScreen(() => this.#draw())
    const keyboard = listenForKeys(key => this.#pressed(key))
    try {
      while (!this.#ended.signal.aborted) {
        this.#draw()
        await pause(every, this.#ended.signal)
        if (!this.#view.isPaused && !this.#ended.signal.aborted) await this.#lookAgain()
      }
      await this.#drawing
    } finally {
      keyboard.stop()
      leave()
      this.#interrupt.signal.removeEventListener('abort', end)
    }
    if (this.#output.failure) throw this.#output.failure
  }

  async #lookAgain(): Promise<void> {
    try {
      this.#moment = await this.#look()
      this.#trouble = undefined
    } catch (error) {
      this.#trouble = messageOf(error)
    }
  }

  #pressed(key: string): void {
    const { rows } = this.#output.size
    const view = afterKey(this.#view, key, Math.max(1, rows - 8))
    if (view === 'quit') return this.#ended.abort()
    this.#view = view
    this.#draw()
  }

  #draw(): void {
    if (this.#ended.signal.aborted) return
    this.#isOld = true
    this.#drawing ??= this.#drawAll().finally(() => (this.#drawing = undefined))
  }

  async #drawAll(): Promise<void> {
    while (this.#isOld && !this.#ended.signal.aborted) {
      this.#isOld = false
      const { style, size } = this.#output
      // A picture that fills the last line would be moved up by the end of that line.
      const room = { columns: size.columns, rows: size.rows - (this.#trouble === undefined ? 1 : 2) }
      const trouble = this.#trouble === undefined ? [] : [clip(troubleLine(this.#trouble, style), size.columns)]
      try {
        await this.#output.redraw([...trouble, ...picture(this.#moment as Moment, this.#view, room, style)], false)
      } catch {
        // Its reader has gone: `failure` says so.
        this.#ended.abort()
      }
    }
  }
}
