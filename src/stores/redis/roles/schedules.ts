import { checkDue, checkScheduleChanges } from '../../check-schedules.ts'
import { checkText } from '../../check.ts'
import { crashPoint } from '../../crash-point.ts'
import type { SendOutcome } from '../../roles/calls.ts'
import type {
  DueSchedules,
  ScheduleChange,
  ScheduleOutcome,
  Schedules,
  StoredSchedule,
  TermCall,
} from '../../roles/schedules.ts'
import { type Answer, outcomeOf, oversize } from '../wire/answers.ts'
import { pagesOf, weightOfAll, Writing } from '../arguments.ts'
import type { Argument } from '../connection/link.ts'
import type { Handle } from '../handle.ts'
import { changeSchedules, dueSchedules, findSchedules } from '../scripts/schedules.ts'
import { scheduledChannel } from '../wire/channels.ts'

/** The answer of the script for one change. */
type Changed = 'stale' | 'large' | readonly [version: number, ...sent: Answer[]]

/** The schedules of a store on Redis. */
export class RedisSchedules implements Schedules {
  readonly #store: Handle

  constructor(store: Handle) {
    this.#store = store
  }

  async list(after: string = ''): Promise<StoredSchedule[]> {
    return schedulesIn(await this.#look('list', after))
  }

  async find(name: string): Promise<StoredSchedule | undefined> {
    checkText(name, 'The name of a schedule')
    return schedulesIn(await this.#look('find', name))[0]
  }

  async due(most: number): Promise<DueSchedules> {
    checkDue(most)
    this.#store.mustBeOpen()
    // What is said of schedules from the answer on is heard.
    await this.#store.listening.settled()
    const [now, next, ...rest] = (await this.#store.link.run(dueSchedules, [most])) as string[]
    return { now: Number(now), due: schedulesIn(rest), ...(next === '' ? {} : { next: Number(next) }) }
  }

  async change(changes: readonly ScheduleChange[]): Promise<ScheduleOutcome[]> {
    this.#store.mustBeOpen()
    checkScheduleChanges(changes, this.#store)
    const { listeners, name, keeper } = this.#store
    const hasTerms = changes.some(({ terms = [] }) => terms.length > 0)
    if (hasTerms) crashPoint('during-term')
    const outcomes: ScheduleOutcome[] = []
    for (const page of pagesOf(changes, ({ terms = [] }) => 1 + weightOfAll(terms.map(({ call }) => call)))) {
      const writing = new Writing(name)
      const given = page.flatMap(each => this.#changeOf(each, writing))
      const answers = await this.#store.change<Changed>(changeSchedules, [page.length, ...given], writing)
      for (const [at, each] of page.entries()) outcomes.push(this.#outcomeOf(answers[at] as Changed, each))
    }
    if (hasTerms) crashPoint('after-term')
    listeners.tell('scheduled')
    if (hasTerms) keeper.due()
    return outcomes
  }

  watch(listener: () => void): () => void {
    this.#store.mustBeOpen()
    const unlisten = this.#store.listening.want([this.#store.place.prefix + scheduledChannel])
    const stop = this.#store.listeners.on('scheduled', listener)
    return () => {
      stop()
      unlisten()
    }
  }

  async #look(how: 'find' | 'list', name: string): Promise<string[]> {
    this.#store.mustBeOpen()
    await this.#store.listening.settled()
    return (await this.#store.link.run(findSchedules, [how, name])) as string[]
  }

  #changeOf(change: ScheduleChange, writing: Writing): Argument[] {
    const { name, version, to, terms = [] } = change
    const into = to === undefined ? 'remove' : bytesOf(change) > this.#store.settings.maxBytes ? 'large' : 'set'
    const { definition, progress } = to === undefined || into === 'large' ? { definition: '', progress: '' } : to
    const due = to?.dueAt === undefined ? '' : Math.ceil(to.dueAt)
    const sent = terms.flatMap(({ behind = '', cancel = '', call }) => {
      const isLarge = oversize(call, this.#store.settings.maxBytes) !== undefined
      return [behind, cancel, ...writing.call(call, isLarge)]
    })
    return [name, version, into, due, definition, progress, terms.length, ...sent]
  }

  #outcomeOf(answer: Changed, change: ScheduleChange): ScheduleOutcome {
    if (answer === 'stale') return { outcome: answer }
    const { maxBytes } = this.#store.settings
    if (answer === 'large') return { outcome: 'rejected', bytes: bytesOf(change), limit: maxBytes }
    const [version, ...sent] = answer
    const outcomeAt = ({ call }: TermCall, at: number): SendOutcome =>
      oversize(call, maxBytes) ?? outcomeOf(sent[at] as Answer, call)
    return { outcome: 'changed', version, sent: (change.terms ?? []).map(outcomeAt) }
  }
}

function bytesOf({ to }: ScheduleChange): number {
  return to === undefined ? 0 : Buffer.byteLength(to.definition) + Buffer.byteLength(to.progress)
}

function schedulesIn(answer: readonly string[]): StoredSchedule[] {
  const found: StoredSchedule[] = []
  for (let at = 0; at + 4 < answer.length; at += 5) {
    const [name, version, due, definition, progress] = answer.slice(at, at + 5) as [
      string,
      string,
      string,
      string,
      string,
    ]
    const dueAt = due === '' ? {} : { dueAt: Number(due) }
    found.push({ name, version: Number(version), ...dueAt, definition, progress })
  }
  return found
}
