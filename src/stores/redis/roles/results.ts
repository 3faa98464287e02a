import { checkReports } from '../../check.ts'
import { tooLarge, tooLargeNext } from '../../refusals.ts'
import type { WriteOutcome } from '../../roles/broker.ts'
import type { CallOutcome, Report, Reported, ResultListener, Results } from '../../roles/results.ts'
import { pagesOf, weightOfAll, Writing } from '../arguments.ts'
import type { Handle } from '../handle.ts'
import { report } from '../scripts/hold.ts'
import { OwnEnds } from './own-ends.ts'
import { look, reports } from '../scripts/look.ts'
import { clearTimeout, setTimeout } from '../../../core/time/platform.ts'
import { newsChannel, resultChannel } from '../wire/channels.ts'
import { outcomeOfDocument } from '../wire/document.ts'

/** The results of a store on Redis: the records that Celery writes and reads, and what is known of a call beside them. */
export class RedisResults implements Results {
  readonly #store: Handle
  readonly #watched = new Map<string, number>()

  readonly #sent: OwnEnds

  constructor(store: Handle) {
    this.#store = store
    this.#sent = new OwnEnds(store)
  }

  async outcome(id: string): Promise<CallOutcome> {
    this.#store.mustBeOpen()
    // What is said of it from the answer on is heard.
    await this.#store.listening.settled()
    const answer = (await this.#store.link.run(look, [id])) as string[]
    return outcomeOf(answer)
  }

  watch(id: string, listener: ResultListener, hold?: boolean): () => void {
    const { listening, listeners, place } = this.#mustBeOpen()
    this.#watched.set(id, (this.#watched.get(id) ?? 0) + 1)
    const channels = [place.prefix + resultChannel + id, place.prefix + newsChannel + id]
    const unlisten = this.#sent.isExpected(id, listener)
      ? later(() => {
          const end = listening.want(channels)
          this.#sent.missed()
          void this.missed([id])
          return end
        })
      : listening.want(channels)
    this.#sent.isWanted = true
    const stop = listeners.watch(id, listener, hold)
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      const count = (this.#watched.get(id) ?? 1) - 1
      if (count > 0) this.#watched.set(id, count)
      else this.#watched.delete(id)
      stop()
      unlisten()
    }
  }

  async report(given: readonly Report[]): Promise<WriteOutcome[]> {
    const { settings, listeners, name } = this.#mustBeOpen()
    checkReports(given, this.#store)
    const outcomes = given.map((each): WriteOutcome | undefined => {
      const next = each.kind === 'step' ? each.next : undefined
      return (
        tooLarge(each.kind === 'log' ? each.line : each.value, settings.maxBytes) ??
        tooLargeNext(next, settings.maxBytes)
      )
    })
    const due = given.map((each, at) => ({ each, at })).filter(({ at }) => outcomes[at] === undefined)
    for (const page of pagesOf(due, ({ each }) => 1 + (each.kind === 'step' ? weightOfAll(each.next) : 0))) {
      const writing = new Writing(name)
      const given = page.flatMap(({ each }) => writing.report(each))
      const answers = await this.#store.change<'ok' | 'lost'>(report, [page.length, ...given], writing)
      for (const [index, { each, at }] of page.entries()) {
        outcomes[at] = answers[index] as 'ok' | 'lost'
        if (outcomes[at] === 'ok') listeners.tell('reported', each.id)
      }
    }
    return outcomes as WriteOutcome[]
  }

  async reports(id: string, after: number): Promise<Reported[]> {
    const { link, listening } = this.#mustBeOpen()
    await listening.settled()
    const answer = (await link.run(reports, [id, after])) as string[]
    const found: Reported[] = []
    for (let at = 0; at + 1 < answer.length; at += 2) {
      const [, sequence, time, value] = /^(\d+) (\S+) (.*)$/s.exec(answer[at + 1] as string) as unknown as string[]
      const kind = answer[at] as Reported['kind']
      found.push({ sequence: Number(sequence), kind, value: value as string, time: Number(time) })
    }
    return found.sort((a, b) => a.sequence - b.sequence).slice(0, 1_000)
  }

  isUnended(id: string): boolean {
    return this.#sent.isExpected(id)
  }

  /** @internal The calls for which somebody waits, and of which nothing is heard yet: they are about to be sent. */
  unheard(ids: readonly string[]): readonly string[] {
    const { listening, place } = this.#store
    this.#sent.add(ids)
    return ids.filter(id => this.#watched.has(id) && !listening.hears(place.prefix + resultChannel + id))
  }

  /** @internal They are sent by now: those who wait look, since a call may have ended before anything was heard of it. */
  async missed(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await this.#store.listening.settled()
    for (const id of ids) if (this.#watched.has(id)) this.#store.listeners.tellEnded(id)
  }

  /** @internal Ends of calls that were sent here: JSON. */
  heard(text: string): void {
    for (const [id, answer] of JSON.parse(text) as (readonly [string, readonly string[]])[]) {
      this.#sent.ended(id, this.#watched.has(id))
      this.#store.listeners.tellEnded(id, outcomeOf(answer))
    }
  }

  /** @internal Nobody knows what was said while nothing was heard: all look again. */
  tellAll(): void {
    this.#sent.clear()
    for (const id of this.#watched.keys()) {
      this.#store.listeners.tellEnded(id)
      this.#store.listeners.tell('reported', id)
    }
  }

  #mustBeOpen(): Handle {
    this.#store.mustBeOpen()
    return this.#store
  }
}

/** The time for which nothing is done but to wait for what is expected, in milliseconds. */
const expectedWithin = 50

/** Does something after that time, unless it is called off; returns the function that does so, or undoes it. */
function later(action: () => () => void): () => void {
  let undo: (() => void) | undefined
  const timer = setTimeout(() => (undo = action()), expectedWithin).unref()
  return () => {
    clearTimeout(timer)
    undo?.()
  }
}

/** The outcome that the news of an end tell of: JSON of what the script `look` would have answered. */
export function outcomeIn(text: string): CallOutcome {
  return outcomeOf(JSON.parse(text) as string[])
}

const pending: ReadonlySet<string> = new Set(['ready', 'delayed', 'held'])

function outcomeOf(answer: readonly string[]): CallOutcome {
  const [state, task, attempt, sent, worker, started, ended, deadline, error, ignore, elsewhere, document] = answer as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const record = document === '' ? undefined : outcomeOfDocument(document)
  // Known only to those who have run it, in another language perhaps.
  if (state === '') return record ?? { state: 'gone' }
  const isOver = state !== 'running' && !pending.has(state)
  const foreign = isOver && elsewhere === '' ? undefined : record
  // Results are not kept for as long as the rest.
  if (state === 'done' && ignore === '' && record === undefined) return { state: 'gone' }
  return {
    state: foreign?.state ?? (pending.has(state) ? 'pending' : (state as CallOutcome['state'])),
    ...(task === '' ? {} : { task }),
    attempt: Number(attempt || 0),
    ...(sent === '' ? {} : { sentAt: Number(sent) }),
    ...(worker === '' ? {} : { worker }),
    ...(started === '' ? {} : { startedAt: Number(started) }),
    ...(ended === '' ? {} : { endedAt: Number(ended) }),
    ...(deadline === '' ? {} : { deadlineAt: Number(deadline) }),
    ...(error === '' ? {} : { error }),
    ...(state === 'done' && ignore === '' ? { result: record?.result ?? 'null' } : {}),
    ...foreign,
  }
}
