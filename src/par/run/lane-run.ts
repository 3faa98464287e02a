import { makeCall } from '../../call/call.ts'
import { type CallSettings, copiedOptions } from '../../call/options.ts'
import { Entry, type Outcome, patientTerms, type Work } from '../../call/run/entry.ts'
import type { Handover, Release } from '../../call/run/handover.ts'
import { recordSite } from '../../call/run/submit-site.ts'
import { type CancelCause, errorOfCause } from '../../core/errors/cause.ts'
import { whenAborted } from '../../core/events/when-aborted.ts'
import { nothing } from '../../core/job/nothing.ts'
import type { Gathering } from '../endings/sink.ts'
import { lane } from '../lane/lane-task.ts'
import { cadenceOf, type EndingPlan, laneAsk, type Receipt, type StagePlan } from '../plan.ts'
import type { BlockSource } from '../sources/source.ts'
import { BlockLine } from './block-line.ts'

/** A place without a limit, as the loop, has so many lanes. */
const lanesWithoutLimit = 16

/** The progress of a run. */
export interface Progress {
  /** The part of the source that has been done: items, or bytes of a file. */
  readonly done: number
  /** All of it, where that is known. */
  readonly total: number | undefined
}

/** All that a run needs. */
export interface RunSettings {
  readonly handover: Handover
  /** True where a lane keeps the event loop of the program from its turn. */
  readonly isHere: boolean
  readonly stages: readonly StagePlan[]
  readonly ending: EndingPlan
  readonly gathering: Gathering
  /** So many positions in each block; undefined: by the measured time. */
  readonly chunk: number | undefined
  /** The most lanes that there may be; undefined: as many as the executor has places. */
  readonly concurrency: number | undefined
  readonly signal: AbortSignal | undefined
  readonly options: CallSettings
  readonly onProgress: ((progress: Progress) => void) | undefined
  /** Waits until another block may be taken; undefined: at once. */
  readonly room?: (() => Promise<void> | undefined) | undefined
}

/** A call in a worker, as the program sees it. */
interface LaneState {
  readonly entry: Entry
  hasAsked: boolean
  /** True once it was withdrawn: what it says from here on does not matter. */
  isSpare: boolean
}

/**
 * One run over a source: as many lanes as there are places, each a call that takes one block after the other.
 *
 * A lane that has much to do takes fewer blocks, one that has not begun when all are done is withdrawn. What comes of blocks is
 * gathered in their order. The first failure stops all lanes, and is told when they have ended.
 */
export class LaneRun {
  readonly #source: BlockSource
  readonly #settings: RunSettings
  readonly #blocks: BlockLine
  readonly #work: Work
  readonly #places: number
  readonly #lanes = new Set<LaneState>()
  readonly #site = recordSite() ?? {}
  /** Results of blocks that came before those of earlier ones. */
  readonly #early = new Map<number, unknown>()
  #gathered = 0
  #failure: { readonly error: unknown } | undefined
  #isEnding = false
  #resolve!: () => void
  /** Settles when it is over; `failure` says whether it has ended early. */
  readonly ended: Promise<void> = new Promise(resolve => (this.#resolve = resolve))
  #forgetSignal: () => void = nothing
  #release: Release = nothing

  constructor(source: BlockSource, settings: RunSettings) {
    const { handover, stages, ending, concurrency, options, chunk, isHere, room } = settings
    const { capacity } = handover
    const most = concurrency ?? (Number.isFinite(capacity) ? capacity : lanesWithoutLimit)
    const call = makeCall(lane, [{ source: source.plan, stages, ending }])
    this.#source = source
    this.#settings = settings
    this.#places = Math.max(1, Math.min(most, source.total ?? most))
    this.#work = { task: call.task, fn: call.fn, args: call.args, options: copiedOptions(call.options, options) }
    this.#blocks = new BlockLine({
      source,
      inLeaves: cadenceOf(ending) === 'leaf',
      isQuick: stages.length === 0 && source.plan.kind === 'shared',
      chunk,
      places: this.#places,
      isHere,
      room: () => room?.(),
      onReady: () => this.#callLane(),
      onFailure: error => this.#fail(error, { source: 'failure', reason: error }),
    })
  }

  /** Starts the lanes. */
  start(): void {
    const { handover, signal } = this.#settings
    const stop = (cause: CancelCause): void => this.stop(cause)
    try {
      this.#release = handover.holdGraph(this.#work, stop)
    } catch (error) {
      this.#fail(error, { source: 'scope' })
      return
    }
    if (signal?.aborted) this.stop({ source: 'signal', reason: signal.reason })
    else if (signal !== undefined) {
      this.#forgetSignal = whenAborted(signal, () => this.stop({ source: 'signal', reason: signal.reason }))
    }
    for (let n = 0; n < this.#places && this.#failure === undefined; n++) this.#launch()
  }

  /** The reason for which it has ended early. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Stops all lanes, for a cause that becomes the failure. */
  stop(cause: CancelCause): void {
    this.#fail(errorOfCause(cause, 'par'), cause)
  }

  #launch(): void {
    const services = { ask: (kind: string, value: unknown) => this.#answer(state, kind, value) }
    const terms = { ...patientTerms, services }
    const entry = new Entry(this.#work, 'run', outcome => this.#laneEnded(state, outcome), terms)
    entry.site = this.#site
    const state: LaneState = { entry, hasAsked: false, isSpare: false }
    this.#lanes.add(state)
    this.#settings.handover.launch(entry)
  }

  /** Has another lane come, where there is a place and something to do. */
  #callLane(): void {
    const { isOver, isLate } = this.#blocks
    if (this.#failure === undefined && !isOver && !isLate && this.#lanes.size < this.#places) this.#launch()
    else this.#checkEnd()
  }

  #fail(error: unknown, cause: CancelCause): void {
    if (this.#failure !== undefined || this.#isEnding) return
    this.#failure = { error }
    this.#blocks.stop()
    for (const { entry } of this.#lanes) this.#settings.handover.stop(entry, cause)
    this.#checkEnd()
  }

  async #answer(state: LaneState, kind: string, value: unknown): Promise<unknown> {
    state.hasAsked = true
    if (kind === laneAsk.give) return this.#give(value as Receipt)
    const block = await this.#blocks.take()
    if (block !== undefined) this.#callLane()
    else this.#dropSpare()
    return block
  }

  #give([index, duration, result]: Receipt): void {
    if (this.#failure !== undefined || !this.#blocks.close(index, duration)) return
    try {
      this.#early.set(index, result)
      while (this.#early.has(this.#gathered)) {
        const next = this.#early.get(this.#gathered)
        this.#early.delete(this.#gathered++)
        this.#settings.gathering.block?.(next)
      }
      this.#settings.onProgress?.({ done: this.#blocks.done, total: this.#source.total })
    } catch (error) {
      this.#fail(error, { source: 'failure', reason: error })
      return
    }
    this.#dropSpare()
  }

  /** All has been done: lanes that have not begun need not. */
  #dropSpare(): void {
    if (!this.#blocks.isDone || this.#failure !== undefined) return
    for (const state of this.#lanes) {
      if (state.hasAsked || state.isSpare) continue
      state.isSpare = true
      this.#settings.handover.stop(state.entry, { source: 'explicit' })
    }
  }

  #laneEnded(state: LaneState, outcome: Outcome): void {
    this.#lanes.delete(state)
    if (outcome.state !== 'done') {
      if (!state.isSpare) this.#fail(outcome.error, { source: 'failure', reason: outcome.error })
    } else if (this.#failure === undefined && outcome.value !== undefined) {
      try {
        this.#settings.gathering.lane?.(outcome.value)
      } catch (error) {
        this.#fail(error, { source: 'failure', reason: error })
      }
    }
    if (this.#lanes.size === 0) this.#callLane()
  }

  #checkEnd(): void {
    if (this.#isEnding || this.#lanes.size > 0) return
    if (this.#failure === undefined && !this.#blocks.isDone) return // a lane is called again when the source has something
    this.#isEnding = true
    this.#forgetSignal()
    void this.#source.close().then(() => {
      this.#release()
      this.#resolve()
    })
  }
}
