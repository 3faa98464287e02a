import { clock, count, significant } from './amount.ts'
import { printable } from '../../core/report/printable.ts'
import { type Style, styleOf, type Terminal, terminalLine, terminalText, widthOf } from './style.ts'

/** The stream that a progress display draws on. */
export interface ProgressStream extends Terminal {
  write(text: string): unknown
}

/** Options of a progress display. */
export interface ProgressOptions {
  /** The words before the bar. */
  readonly label: string
  /** The number that there will be, where that is known. */
  readonly total?: number
  /** Show nothing at all. */
  readonly quiet?: boolean
  /** Milliseconds between two lines, where there is no terminal. Default 5000. */
  readonly every?: number
  /** The counts are hundredths of the whole: show no rate. */
  readonly percentOnly?: boolean
  readonly now?: () => number
}

/** Shows how far long work has come: a bar on a terminal, else a line every few seconds. */
export class Progress {
  readonly #stream: ProgressStream
  readonly #style: Style
  readonly #now: () => number
  readonly #started: number
  readonly #percentOnly: boolean
  readonly #timer: NodeJS.Timeout | undefined
  #label: string
  #total: number | undefined
  #done = 0
  #failed = 0
  #skipped = 0
  #shown = ''

  constructor(stream: ProgressStream, options: ProgressOptions) {
    this.#stream = stream
    this.#style = styleOf(stream)
    this.#now = options.now ?? (() => performance.now())
    this.#started = this.#now()
    this.#percentOnly = options.percentOnly ?? false
    this.#label = options.label
    this.#total = options.total
    if (options.quiet) return
    const terminal = stream.isTTY === true
    this.#timer = setInterval(() => this.#draw(), terminal ? 100 : (options.every ?? 5000))
    this.#timer.unref()
    if (terminal) this.#draw()
  }

  /** Changes the words before the bar. */
  label(text: string): void {
    this.#label = text
  }

  /** Says how many there will be. */
  total(n: number): void {
    this.#total = n
  }

  /** Counts what has been done, what failed, and what an earlier run had done. */
  update(counts: { done?: number; failed?: number; skipped?: number }): void {
    this.#done = counts.done ?? this.#done
    this.#failed = counts.failed ?? this.#failed
    this.#skipped = counts.skipped ?? this.#skipped
  }

  /** Prints lines above the bar. */
  say(text: string): void {
    this.#erase()
    this.#stream.write(terminalText([text]))
    if (this.#timer && this.#stream.isTTY) this.#draw()
  }

  /** Takes the bar away. */
  stop(): void {
    clearInterval(this.#timer)
    this.#erase()
  }

  #erase(): void {
    if (this.#shown === '') return
    this.#stream.write('\r\u001b[K')
    this.#shown = ''
  }

  #draw(): void {
    if (this.#stream.isTTY) {
      const line = this.line(Math.max(20, (this.#stream.columns ?? 80) - 1))
      if (line === this.#shown) return
      this.#stream.write(`\r\u001b[K${terminalLine(line)}`)
      this.#shown = line
    } else {
      this.#stream.write(terminalText([this.line(120, false)]))
    }
  }

  /** The display as text of at most `width` columns; the bar takes what the words leave. */
  line(width: number, bar = true): string {
    const s = this.#style
    const ended = this.#done + this.#failed
    const all = ended + this.#skipped
    const passed = this.#now() - this.#started
    const rate = passed > 0 ? (ended / passed) * 1000 : 0
    const parts: string[] = []
    if (this.#total === undefined) {
      parts.push(count(all))
    } else {
      if (!this.#percentOnly) parts.push(`${count(all)}/${count(this.#total)}`)
      parts.push(`${Math.floor((this.#total === 0 ? 1 : all / this.#total) * 100)}%`)
    }
    if (ended > 0 && !this.#percentOnly) parts.push(s.dim(`${significant(rate)}/s`))
    if (this.#total === undefined || ended === 0) parts.push(s.dim(clock(passed)))
    else parts.push(s.dim(`${clock(((this.#total - all) / rate) * 1000)} left`))
    if (this.#failed > 0) parts.push(s.red(`${count(this.#failed)} failed`))
    const facts = parts.join('  ')
    const label = fit(this.#label, Math.max(8, width - widthOf(facts) - 2))
    const room = Math.min(40, width - widthOf(label) - widthOf(facts) - 4)
    if (!bar || this.#total === undefined || room < 6) return `${label}  ${facts}`
    const filled = Math.min(room, Math.round((this.#total === 0 ? 1 : all / this.#total) * room))
    return `${label}  ${s.cyan('━'.repeat(filled))}${s.dim('─'.repeat(room - filled))}  ${facts}`
  }
}

function fit(text: string, width: number): string {
  const line = printable(text)
  const letters = [...line]
  return letters.length <= width ? line : `${letters.slice(0, width - 1).join('')}…`
}
