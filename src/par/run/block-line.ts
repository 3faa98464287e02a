import { type ChunkLimits, ChunkSize } from '../../call/run/chunk-size.ts'
import { weigh } from '../../call/codec/weigh.ts'
import { inNextTurn } from '../../core/time/next-turn.ts'
import { steady } from '../../core/time/platform.ts'
import { RealTimer } from '../../core/time/real-timer.ts'
import type { Block } from '../plan.ts'
import type { BlockSource, Taken } from '../sources/source.ts'

/** The aims for a block: it costs two messages, and a canceller waits for the end of a part of it. */
const limits: Omit<ChunkLimits, 'largest'> = { target: 10, heaviest: 4_000_000 }
/** So many items, to each of which next to nothing is done, take a few milliseconds, and so many at least are worth two messages. */
const quickFirst = 4_000_000
const quickLeast = 250_000
/** On the loop, timers and sockets get their turn after this many milliseconds. */
const slice = 10
/** A lane waits this long for a block, in milliseconds: then it ends, and leaves its place to others. */
const patience = 5

/** The settings of a line of blocks. */
export interface BlockLineSettings {
  readonly source: BlockSource
  readonly inLeaves: boolean
  /** True where nothing is done to an item but what skein itself does, which takes some nanoseconds. */
  readonly isQuick: boolean
  /** So many positions in each block; undefined: by the measured time. */
  readonly chunk: number | undefined
  /** The number of lanes that take from it. */
  readonly places: number
  /** True where the lanes keep the event loop of the program from its turn. */
  readonly isHere: boolean
  /** Waits until another block may be taken; undefined: at once. */
  room(): Promise<void> | undefined
  /** A block is there for a lane, after lanes were sent away. */
  onReady(): void
  /** The source has failed: nothing more comes. */
  onFailure(error: unknown): void
}

interface OpenBlock {
  readonly taken: Taken
  readonly weight: number
}

/**
 * The blocks of a source, as lanes take them: of a size that follows the time that they take.
 *
 * Where the next one lets a lane wait, because the source is slow or the reader of the results is, the lane is sent away, and called again
 * later. So no place of the executor is kept by one that waits, and a source may need the same executor for what it yields.
 */
export class BlockLine {
  readonly #settings: BlockLineSettings
  readonly #size: ChunkSize | number
  readonly #open = new Map<number, OpenBlock>()
  #line: Promise<unknown> = Promise.resolve()
  /** The block that comes next, once somebody has asked for it. */
  #next: Promise<Taken | undefined> | undefined
  #isLate = false
  #isOver = false
  #isStopped = false
  #turnEnds = 0
  #count = 0
  #taken = 0
  #done = 0

  constructor(settings: BlockLineSettings) {
    this.#settings = settings
    this.#size =
      settings.chunk ?? new ChunkSize({ ...limits, largest: settings.source.most }, settings.isQuick ? quickFirst : 1)
  }

  /** The number of positions that have been done. */
  get done(): number {
    return this.#done
  }

  /** True once the source has no more blocks. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** True once all blocks have been taken and have come back. */
  get isDone(): boolean {
    return this.#isOver && this.#open.size === 0
  }

  /** True while the next block lets everybody wait. */
  get isLate(): boolean {
    return this.#isLate
  }

  /** Nothing more is taken. */
  stop(): void {
    this.#isStopped = true
  }

  /** The next block; undefined where there is none, or none comes soon. Never rejects. */
  take(): Promise<Block | undefined> {
    const taken = this.#line.then(() => this.#take())
    this.#line = taken
    return taken
  }

  /** A block has come back. Returns false for one that nobody has taken. */
  close(index: number, duration: number): boolean {
    const open = this.#open.get(index)
    if (open === undefined) return false
    this.#open.delete(index)
    const { taken, weight } = open
    const positions = taken.to - taken.from
    this.#done += positions
    if (typeof this.#size !== 'number') this.#size.measure(duration, positions, weight)
    return true
  }

  async #take(): Promise<Block | undefined> {
    if (this.#isStopped || this.#isOver || this.#isLate) return undefined
    if (this.#settings.isHere && steady() > this.#turnEnds) {
      await new Promise<void>(inNextTurn)
      this.#turnEnds = steady() + slice
    }
    let taken: Taken | undefined
    try {
      const next = this.#next ?? this.#fetch()
      if (next instanceof Promise) {
        this.#next = next
        if (await isSlow(next)) {
          this.#isLate = true
          void next.then(this.#ready, this.#ready)
          return undefined
        }
        this.#next = undefined
        taken = await next
      } else taken = next
    } catch (error) {
      this.#isOver = this.#isStopped = true
      this.#settings.onFailure(error)
      return undefined
    }
    if (this.#isStopped) return undefined
    if (taken === undefined) {
      this.#isOver = true
      return undefined
    }
    const index = this.#count++
    this.#open.set(index, { taken, weight: weightOf(taken) })
    const { from, to, data } = taken
    this.#taken = to
    return data === undefined ? [index, from, to] : [index, from, to, data]
  }

  readonly #ready = (): void => {
    this.#isLate = false
    this.#settings.onReady()
  }

  #fetch(): Taken | undefined | Promise<Taken | undefined> {
    const { source, inLeaves } = this.#settings
    const room = this.#settings.room()
    const take = (): ReturnType<BlockSource['take']> => source.take(this.#nextSize(), inLeaves)
    return room === undefined ? take() : room.then(take)
  }

  #nextSize(): number {
    if (typeof this.#size === 'number') return this.#size
    const { source, places, isQuick } = this.#settings
    const size = Math.min(this.#size.size, source.most)
    // Near the end, smaller blocks keep all lanes busy until the last.
    return source.total === undefined
      ? size
      : Math.min(size, Math.max(isQuick ? quickLeast : 1, Math.ceil((source.total - this.#taken) / (places * 2))))
  }
}

function isSlow(next: Promise<unknown>): Promise<boolean> {
  return new Promise(resolve => {
    const timer = new RealTimer(patience, () => resolve(true))
    const settled = (): void => {
      timer.clear()
      resolve(false)
    }
    next.then(settled, settled)
  })
}

/** About how many bytes one of the positions of a block has, going by the first value. */
function weightOf({ from, to, data }: Taken): number {
  if (!Array.isArray(data)) return data === undefined ? 0 : 8
  return to > from ? weigh(data[0]) : 0
}
