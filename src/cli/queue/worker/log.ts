import type { SkeinEvent } from '../../../core/events/event.ts'
import { failureOf } from '../../../observe/failure.ts'
import type { StopReport } from '../../../queue/worker/reports.ts'
import type { QueueWorker } from '../../../queue/worker/queue-worker.ts'
import { say, type Output } from '../../output.ts'
import { toJson } from '../../../inspect/to-json.ts'
import { count, plural } from '../../ui/amount.ts'
import type { Style } from '../../ui/style.ts'
import { short, span } from '../words.ts'

/** The amount that a worker says. */
export interface WorkerLogOptions {
  readonly output: Output
  /** Events for programs, one JSON value a line, instead of text for people. */
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

/** The time between two tellings of the counts while something goes on, in milliseconds. */
const every = 10_000

/** The report of a worker about itself: failures and troubles always, every job with `verbose`, and now and then the counts. */
export class WorkerLog {
  readonly #worker: QueueWorker
  readonly #options: WorkerLogOptions
  readonly #style: Style
  readonly #timer: NodeJS.Timeout
  readonly #unobserve: () => void
  #ended = 0
  #lost = false
  #told = performance.now()

  constructor(worker: QueueWorker, options: WorkerLogOptions) {
    this.#worker = worker
    this.#options = options
    this.#style = options.output.style
    this.#unobserve = worker.observe(event => this.#on(event))
    this.#timer = setInterval(() => this.#summary(), every)
    this.#timer.unref()
  }

  started(store: string, on: string): void {
    const { id, tasks, queues, healthPort } = this.#worker
    const { capacity } = this.#worker.stats()
    if (this.#options.json) {
      this.#worksAs('ready', { store, on, capacity, queues, tasks, healthPort })
      return
    }
    if (this.#options.quiet) return
    const s = this.#style
    this.#line(`${s.bold('skein worker')} ${id}`)
    this.#line(`${s.dim('store ')} ${store}    ${s.dim('queues')} ${queues.join(', ')}`)
    this.#line(`${s.dim('tasks ')} ${short(tasks.join(', '), 100)}`)
    this.#line(`${s.dim('on    ')} ${on}, ${plural(capacity, 'job')} at once`)
    if (healthPort !== undefined) this.#line(`${s.dim('health')} http://127.0.0.1:${healthPort}/healthz`)
    this.#line(s.dim('Ctrl-C stops it; jobs that run may finish.'))
  }

  stopped(report: StopReport): void {
    clearInterval(this.#timer)
    this.#unobserve()
    if (this.#options.json) return this.#worksAs('gone', { ...report })
    const broken = report.interrupted
    const quietEnd = broken.length === 0 && report.unwritten === 0
    if (this.#options.quiet && quietEnd) return
    const { done, failed, retried } = this.#worker.stats()
    const parts = [
      `${count(done)} done`,
      ...(failed > 0 ? [`${count(failed)} failed`] : []),
      ...(retried > 0 ? [`${count(retried)} to be tried again`] : []),
      ...(report.handedBack > 0 ? [`${count(report.handedBack)} handed back unstarted`] : []),
    ]
    this.#line(`Stopped: ${parts.join(', ')}.`)
    for (const each of broken) {
      this.#line(
        `${this.#style.yellow('broken off')} ${each.task} ${this.#style.dim(each.id)} after ${span(each.ran)} (${each.ended}); it runs again, and this attempt does not count`,
      )
    }
    if (report.unwritten > 0) {
      this.#line(
        this.#style.red(
          `${plural(report.unwritten, 'outcome')} could not be written in time: those jobs run again when their lease is over.`,
        ),
      )
    }
  }

  /** Says something to a person. */
  say(text: string): void {
    if (!this.#options.json) this.#line(text)
  }

  #on(event: SkeinEvent): void {
    if (event.type === 'ended') this.#ended++
    if (this.#options.json) {
      // The end of the worker itself is told with what it leaves behind.
      const isEnd = event.type === 'worker' && event.state === 'gone'
      if (!isEnd && (!this.#options.quiet || isLoud(event))) this.#json(event)
      return
    }
    const text = this.#textOf(event)
    if (text !== undefined) this.#line(text)
  }

  #textOf(event: SkeinEvent): string | undefined {
    const s = this.#style
    const { verbose, quiet } = this.#options
    switch (event.type) {
      case 'started':
        return verbose ? about(event, s.cyan('started'), s) : undefined
      case 'log': {
        const fields = event.fields === undefined ? '' : ` ${s.dim(toJson(event.fields))}`
        return verbose ? `${about(event, 'says', s)}: ${short(event.text, 200)}${fields}` : undefined
      }
      case 'ended':
        return this.#endOf(event)
      case 'retried': {
        const wait = span(event.again - event.ended)
        return quiet ? undefined : `${about(event, s.yellow('failed'), s)}, again in ${wait}: ${messageOf(event.error)}`
      }
      case 'released':
        if (event.waits !== undefined) return verbose ? about(event, event.waits.join('; '), s) : undefined
        return verbose ? about(event, event.interrupted ? s.yellow('broken off') : 'handed back', s) : undefined
      case 'lost':
        return `${about(event, s.red('lost its lease'), s)}: another worker may run it; nothing of this attempt is kept`
      case 'trouble':
        return `${s.red('trouble')} to ${event.doing}: ${messageOf(event.error)}`
      case 'worker':
        if (event.state === 'ready') return s.green('takes jobs again')
        return event.state === 'blocked' ? `${s.red('takes no jobs')}: ${event.reason}` : undefined
      case 'submitted':
      case 'progress':
        return undefined
    }
  }

  #endOf(event: Extract<SkeinEvent, { readonly type: 'ended' }>): string | undefined {
    const s = this.#style
    const { verbose, quiet } = this.#options
    const took = span(event.ended - (event.started ?? event.ended))
    switch (event.outcome) {
      case 'done':
        return verbose ? `${about(event, s.green('done'), s)} in ${took}` : undefined
      case 'cancelled':
        return quiet ? undefined : about(event, s.yellow('cancelled'), s)
      case 'failed':
      case 'dead':
        return `${about(event, s.red(event.outcome), s)} after ${took}: ${messageOf(event.error)}`
    }
  }

  #summary(): void {
    const passed = performance.now() - this.#told
    const ended = this.#ended
    this.#told = performance.now()
    this.#ended = 0
    if (ended === 0 || this.#options.json || this.#options.quiet) return
    const { done, failed, running, waiting } = this.#worker.stats()
    const parts = [`${count(done)} done`, ...(failed > 0 ? [`${count(failed)} failed`] : []), `${running} running`]
    if (waiting > 0) parts.push(`${waiting} at hand`)
    this.#line(this.#style.dim(`${parts.join(', ')}; ${count(Math.round((ended / passed) * 1000))} a second`))
  }

  /** The two states that only the command knows all of, in the form of every event. */
  #worksAs(state: 'ready' | 'gone', more: Readonly<Record<string, unknown>>): void {
    this.#json({ type: 'worker', time: Date.now(), place: 'queue', worker: this.#worker.id, state, ...more })
  }

  #line(text: string): void {
    const time = new Date().toTimeString().slice(0, 8)
    this.#written(this.#options.output.lines([`${this.#style.dim(time)} ${text}`]))
  }

  #json(event: object): void {
    const { error, ...rest } = event as { error?: unknown }
    const value = toJson(error === undefined ? rest : { ...rest, error: failureOf(error) })
    this.#written(this.#options.output.json(value))
  }

  /** The work goes on when a log cannot be written: it is said once, and shows in the exit code. */
  #written(write: Promise<void>): void {
    write.catch((error: unknown) => {
      if (this.#lost) return
      this.#lost = true
      say(`skein worker: ${failureOf(error).message}. It goes on working.`)
    })
  }
}

/** True for everything that is told with `--quiet` too: all but the ordinary course of things. */
function isLoud(event: SkeinEvent): boolean {
  switch (event.type) {
    case 'ended':
      return event.outcome !== 'done'
    case 'worker':
      return event.state === 'blocked' || event.state === 'ready'
    default:
      return event.type !== 'started' && event.type !== 'progress' && event.type !== 'log'
  }
}

function about(
  event: { readonly task: string; readonly id: string; readonly attempt: number },
  what: string,
  s: Style,
): string {
  return `${what} ${event.task} ${s.dim(event.id)}${event.attempt > 1 ? ` attempt ${event.attempt}` : ''}`
}

function messageOf(error: unknown): string {
  return short(failureOf(error).message, 200)
}
