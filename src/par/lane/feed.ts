import { callIn, type ScopeSource } from '../../core/scope/slot.ts'
import { isThenable } from '../../core/errors/thenable.ts'
import type { Sink } from '../endings/sink.ts'
import type { Pause } from './pipeline.ts'
import { apply, listOf, pairsOf, type Stage } from './stage.ts'

/** Takes values through the stages one by one, and waits where one has to be waited for. */
export class Feeder {
  readonly #stages: readonly Stage[]
  readonly #sink: Sink
  readonly #source: ScopeSource

  /** @param source whose scope `current()` returns in the functions of the stages */
  constructor(stages: readonly Stage[], sink: Sink, source: ScopeSource) {
    this.#stages = stages
    this.#sink = sink
    this.#source = source
  }

  /** Takes a value into a stage, and what comes of it through all that follow. */
  async feed(from: number, value: unknown): Promise<void> {
    const stage = this.#stages[from]
    if (stage === undefined) {
      callIn(this.#source, () => this.#sink.add(value), undefined)
      return
    }
    const result = callIn(this.#source, () => apply(stage.does, value), undefined)
    await this.#goOn(stage, from, value, isThenable(result) ? await result : result)
  }

  /** Goes on with what a pass has left, and with the lists that it was in the midst of. */
  async resume({ stage: at, value, result, lists }: Pause): Promise<void> {
    await this.#goOn(this.#stages[at] as Stage, at, value, isThenable(result) ? await result : result)
    for (const [stage, list, place] of lists.toReversed()) {
      for (const each of list.slice(place + 1)) await this.feed(stage + 1, each)
    }
  }

  async #goOn(stage: Stage, at: number, value: unknown, result: unknown): Promise<void> {
    if (stage.kind === 'map') return this.feed(at + 1, result)
    if (stage.kind === 'filter') return result ? this.feed(at + 1, value) : undefined
    if (stage.kind === 'join') {
      for (const pair of pairsOf(stage, value, result)) await this.feed(at + 1, pair)
      return
    }
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
      for await (const each of result as AsyncIterable<unknown>) await this.feed(at + 1, each)
      return
    }
    for (const each of listOf(result)) await this.feed(at + 1, each)
  }
}
