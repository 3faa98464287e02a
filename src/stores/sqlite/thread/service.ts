import { clearTimeout, setTimeout, steady } from '../../../core/time/platform.ts'
import { crashPoint } from '../../crash-point.ts'
import { type Answer, type Ending, type SentFailure, type Told, wants } from '../../threaded/messages.ts'
import type { Backend, Host, Work } from '../../threaded/thread-host.ts'
import type { OpenPrograms } from '../../roles/inspector.ts'
import { Awaited, endingsOf } from './awaited.ts'
import { Bell } from '../file/bell.ts'
import { type HostClock, hostClock } from '../file/clock.ts'
import { announce, retain } from '../calls/controlling.ts'
import { type Due, nextDue } from '../calls/due.ts'
import { failureOf, isBusy, isFull, isTrouble, shortOfRoom, takesNoMore } from '../file/failures.ts'
import { Foreign, signalsOf } from './foreign.ts'
import { Leases } from '../calls/leases.ts'
import { Lines } from '../calls/lines.ts'
import { Lookout } from './lookout.ts'
import { openDatabase } from '../file/open-database.ts'
import { bringsCalls, isLook, lessOf, lookOnly, mustLast, perform, type Place, weightOf } from '../calls/operations.ts'
import type { Asked, Request, ThreadData } from '../calls/requests.ts'
import { EffectRolledBack } from '../calls/effects.ts'
import { NextDue } from './next-due.ts'
import { Reach } from './reach.ts'
import { Room } from '../file/room.ts'
import { SameFile } from '../file/same-file.ts'
import { release } from '../calls/settling.ts'
import type { CountedPart } from '../calls/history/counted-part.ts'
import { isOverfull, limitsOf, trim } from '../calls/history/history.ts'
import { releaseAll, sweep } from '../calls/sweeping.ts'
import { unread } from '../file/kept.ts'
import { type Keeper, Turn } from '../calls/turn.ts'
import { wake } from '../calls/waking.ts'
import { looksItself, Turnstile, wantsControl } from '../file/turnstile.ts'
import { longestDelay } from '../../../core/time/real-timer.ts'
import { WaitingClaims } from './waiting-claims.ts'

/** The time to wait for the lock before the requests fail, in milliseconds. */
const patience = 10_000
/** The time after which it shows again that this process is there, in milliseconds. */
const heartbeat = 5_000
/** The time for which what is due by itself rests after it has failed, in milliseconds. */
const troublePause = 1_000
/** So long after a write, in milliseconds, the file is asked what is due next: not after each of a row of them. */
const restBefore = 2
/** A wait for the file that was so long, in milliseconds, has found it out of reach. */
const longWait = 250

/** A piece of work that the thread does on its own account, beside what it is asked. */
type Chore = (turn: Turn) => void

/**
 * The store in its own thread: it owns the connection, does all that is asked in one go in one transaction, renews
 * leases, and wakes when something is due or another process rings.
 */
export class Service implements Backend<Asked> {
  readonly #data: ThreadData
  readonly #host: Host
  readonly #clock: HostClock
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4))
  readonly #leases = new Leases()
  readonly #foreign = new Foreign()
  readonly #awaited = new Awaited()
  readonly #waiting = new WaitingClaims()
  readonly #place: Place
  #keeper!: Keeper
  #turnstile!: Turnstile
  #bell!: Bell
  #file!: SameFile
  #room!: Room
  readonly #lookout = new Lookout(() => this.#keeper.database.get('PRAGMA data_version')?.[0] as number)
  /** The ends that were read along with the news of them. */
  #ended: Ending[] = []
  #timer: NodeJS.Timeout | undefined
  /** The timer is the one after which the file is asked what is due. */
  #resting = false
  /** The next thing that is due in the file. */
  readonly #next = new NextDue(() => this.#askDue())
  #nextHeartbeat = 0
  /** After trouble, what is due by itself is tried again only then. */
  #choresAgain = 0
  /** A sweep that has left something due, since it could not be put right, is done again only then. */
  #sweepAgain = 0
  /** History in which nothing may go yet is looked at again only then. */
  #thinAgain = 0
  #synchronous = 'FULL'
  readonly #reach = new Reach(() => this.#clock.steady())

  constructor(data: ThreadData, host: Host) {
    this.#data = data
    this.#host = host
    this.#clock = hostClock(data.clocks)
    this.#place = { leases: this.#leases, openings: new Map(), announced: new Map(data.again) }
  }

  async open(): Promise<void> {
    const { path, settings } = this.#data
    const begun = steady()
    const { database, boot } = await openDatabase(path, () => this.#clock.steady())
    if (steady() - begun > longWait) this.#reach.broken()
    try {
      this.#file = new SameFile(path)
      this.#room = new Room(path, database)
      const lines = new Lines(database)
      const overFrom = (length: number): number => this.#reach.overFrom(length)
      const programs = (): OpenPrograms | undefined => this.#turnstile.programs()
      const own = {
        held: new Map(),
        neededAt: new Map<number, number>(),
        ownLeases: new Set<number>(),
        rollingBack: new Map<string, string>(),
        counted: new Map<number, CountedPart>(),
      }
      this.#keeper = { database, settings, kept: unread, doubtAgain: 0, lines, boot, overFrom, programs, ...own }
      this.#turnstile = new Turnstile(`${path}-turn`, path, () => Number(process.hrtime.bigint()) / 1e6)
      this.#bell = new Bell(`${path}-bell`, path, () => this.#ring())
      this.#bell.listen()
      this.#show()
      const { again } = this.#data
      // One that takes the place of another does not know what that one has announced already, so it announces all of it once.
      if (again) this.#read(turn => this.#leases.adopt(turn, [...this.#place.announced.keys()]))
      else {
        this.#read(turn => this.#foreign.begin(turn))
        // Before anything is forgotten by what was in force until now.
        const { retention = {} } = this.#data
        if (Object.keys(retention).length > 0) this.#transact(true, turn => void retain(turn, retention))
      }
    } catch (error) {
      database.close()
      throw error
    }
  }

  weightOf(asked: Asked): number {
    return weightOf(asked)
  }

  failureOf(error: unknown): SentFailure {
    return failureOf(error, this.#data.path)
  }

  listens(bits: number): void {
    if ((bits & wants.ended) === 0) this.#awaited.clear()
    this.#foreign.listensToReports(this.#keeper.database, (bits & wants.reported) !== 0)
    this.#show()
  }

  #show(): void {
    this.#turnstile.show(this.#host.listening | wantsControl | (this.#bell.looksItself ? looksItself : 0))
  }

  #ring(): void {
    this.#lookout.ring()
    this.#host.wake()
  }

  work(batch: readonly Request[], turned: boolean): Work {
    const told: Told[] = []
    const answers: Answer[] = []
    const requests = this.#waiting.note(batch, answers)
    this.#goOn()
    this.#lookAround(told)
    this.#serve(requests, this.#waiting.certain(), this.#chores(turned), answers, told)
    this.#waiting.settle(answers)
    // After what was asked: nobody who waits for that has to wait for them, too.
    const due = this.#waiting.due(told)
    if (due.length > 0) {
      this.#serve(due, [], [], answers, told)
      this.#waiting.settle(answers)
      if (this.#waiting.hear(told)) this.#host.wake()
    }
    if (this.#host.listening & wants.ended) this.#awaited.note(batch, answers)
    return { answers, told }
  }

  /** The work that is due by itself. */
  #chores(turned: boolean): Chore[] {
    const chores: Chore[] = []
    const time = this.#clock.steady()
    if (time < this.#choresAgain) return chores
    if (this.#leases.nextRenewal <= time) chores.push(turn => this.#leases.renew(turn))
    if (this.#nextHeartbeat <= time || turned) {
      this.#nextHeartbeat = time + heartbeat
      this.#show()
      if (this.#place.announced.size > 0) {
        chores.push(turn => {
          for (const [worker, record] of this.#place.announced) announce(turn, worker, record)
        })
      }
    }
    for (const [task, opens] of this.#place.openings) {
      if (opens > time) continue
      this.#place.openings.delete(task)
      chores.push(turn => turn.tell('claimable'))
    }
    if (turned) this.#next.ask(time)
    if (time >= this.#sweepAgain && this.#next.isReached(this.#clock.wall(), time)) {
      this.#next.forget()
      chores.push(turn => this.#sweep(turn))
    }
    return chores
  }

  /** Puts things right. What is still due after that, though nothing is left to do, cannot be put right: it rests, too. */
  #sweep(turn: Turn): void {
    if (sweep(turn).more) return
    const { wall, steady } = nextDue(turn.database, part => limitsOf(turn.keeper, part))
    if (wall <= turn.now || steady <= turn.time) turn.after(() => (this.#sweepAgain = turn.time + troublePause))
  }

  /** Notices what other processes have done. */
  #lookAround(told: Told[]): void {
    let news: readonly Told[] = []
    this.#lookout.around(this.#clock.steady(), () => {
      this.#next.mayBeOther()
      this.#read(turn => {
        news = turn.told
        this.#foreign.look(turn, this.#host.listening, this.#leases)
        this.#waiting.look(turn, (this.#turnstile.wanted() & wants.claimable) === 0)
        this.#ended = endingsOf(turn, this.#awaited.take(turn.told))
      })
    })
    // It is told once, so also where something else could not be read.
    addTo(told, news)
  }

  /** This thread goes on, and sleeps then. Where a test turns the clocks, the time of the machine says nothing. */
  #goOn(sleep: number = 0): void {
    if (!this.#data.clocks) this.#reach.sleeps(sleep)
  }

  /** @param claims for which there is something */
  #serve(
    batch: readonly Request[],
    claims: readonly Request[],
    chores: readonly Chore[],
    answers: Answer[],
    told: Told[],
  ): void {
    const writes: Request[] = []
    // A claim beside what is written anyway goes into the same transaction.
    const alone = chores.length === 0 && batch.every(([, asked]) => isLook(asked))
    const isLookedFor = (asked: Asked): boolean => isLook(asked) && (alone || asked[0] !== 'claim')
    try {
      if (batch.some(([, asked]) => isLookedFor(asked))) {
        // What looks comes after what was asked before it, so only what comes before the first write is answered here.
        this.#read(turn => {
          for (const request of batch) {
            const [number, asked] = request
            const answer = writes.length > 0 || !isLookedFor(asked) ? undefined : lookOnly(turn, asked)
            if (answer) answers.push([number, answer.value])
            else writes.push(request)
          }
        })
      } else writes.push(...batch)
    } catch (error) {
      const failure = this.failureOf(error)
      for (const [number] of batch)
        if (!answers.some(answer => answer[0] === number)) answers.push([number, undefined, failure])
      return
    }
    const taken = [...this.#takenOf(writes, answers), ...claims]
    if (taken.length > 0 || chores.length > 0) this.#write(taken, chores, answers, told)
  }

  /** The requests without those that bring something new, where the disk has no room for that. */
  #takenOf(writes: readonly Request[], answers: Answer[]): readonly Request[] {
    if (!writes.some(([, asked]) => bringsCalls(asked)) || !this.#room.isShort()) return writes
    const failure = shortOfRoom(this.#data.path)
    for (const [number, asked] of writes) if (bringsCalls(asked)) answers.push([number, undefined, failure])
    return writes.filter(([, asked]) => !bringsCalls(asked))
  }

  /**
   * One transaction for all; if one of them is at fault, one for each.
   *
   * @param fresh the log has just been emptied, so that there is no use in doing it again
   */
  #write(
    requests: readonly Request[],
    chores: readonly Chore[],
    answers: Answer[],
    told: Told[],
    fresh: boolean = false,
  ): void {
    const values: Answer[] = []
    let turn: Turn
    try {
      turn = this.#transact(
        requests.some(([, asked]) => mustLast(asked)),
        now => {
          if (chores.length > 0) now.schedules = true
          for (const chore of chores) chore(now)
          for (const [number, asked] of requests) values.push([number, perform(now, asked, this.#place)])
        },
      )
    } catch (error) {
      if (isTrouble(error)) this.#reach.broken()
      if (error instanceof EffectRolledBack && !this.#keeper.rollingBack.has(error.key)) {
        this.#keeper.rollingBack.set(error.key, error.message)
        return this.#write(requests, chores, answers, told)
      }
      if (!fresh && takesNoMore(error) && this.#room.emptyLog())
        return this.#write(requests, chores, answers, told, true)
      const less = isFull(error) && requests.length === 1 ? lessOf(requests[0] as Request) : undefined
      if (less) {
        this.#write([less], chores, answers, told)
        // There may be more than was asked for now.
        return void told.push(['claimable'])
      }
      if (isFull(error) && requests.length + chores.length > 1) {
        // There may be room for less at once.
        const half = requests.length >> 1
        for (const chore of chores) this.#write([], [chore], answers, told)
        for (const part of [requests.slice(0, half), requests.slice(half)])
          if (part.length > 0) this.#write(part, [], answers, told)
        return
      }
      if (!isTrouble(error) && requests.length + chores.length > 1) {
        for (const chore of chores) this.#write([], [chore], answers, told)
        for (const request of requests) this.#write([request], [], answers, told)
        return
      }
      if (chores.length > 0) this.#choresAgain = this.#clock.steady() + troublePause
      const failure = this.failureOf(error)
      for (const [number] of requests) answers.push([number, undefined, failure])
      return
    }
    if (requests.some(([, [kind]]) => kind === 'settle')) crashPoint('after-ack')
    if (requests.some(([, asked]) => asked[0] === 'change' && bringsCalls(asked))) crashPoint('after-term')
    answers.push(...values)
    addTo(told, turn.told)
  }

  #transact(durable: boolean, action: (turn: Turn) => void): Turn {
    const { database } = this.#keeper
    this.#sync(durable && this.#data.durability === 'full')
    this.#lock()
    let turn: Turn
    try {
      if (this.#synchronous === 'FULL') this.#room.beforeFlush()
      turn = new Turn(this.#keeper, this.#clock.wall(), this.#clock.steady())
      action(turn)
      wake(turn)
      this.#thin(turn)
      turn.finish()
      // Last of all: what is committed into a file that is not there any more would be accepted and lost.
      this.#file.check(turn.durable)
      database.exec('COMMIT')
    } catch (error) {
      this.#rollBack()
      throw error
    }
    this.#keeper.rollingBack.clear()
    if (turn.schedules) this.#next.mayBeSooner()
    for (const action of turn.afterwards) action()
    this.#room.tend()
    this.#foreign.own(turn)
    this.#wakeOthers(turn)
    return turn
  }

  /** History is trimmed as it grows, a little with each commit; where nothing may go yet, that is looked at once a second. */
  #thin(turn: Turn): void {
    if (!isOverfull(turn) || turn.time < this.#thinAgain) return
    if (trim(turn, 2_000) === 0) turn.after(() => (this.#thinAgain = turn.time + troublePause))
  }

  /**
   * Waits until this process may write. The one that waits longest goes first: it is not tried before they had their
   * turn.
   */
  #lock(): void {
    const { database } = this.#keeper
    const begun = steady()
    for (let tries = 0; ; tries++) {
      let failure: unknown
      if (!this.#turnstile.mustYield()) {
        try {
          database.exec('BEGIN IMMEDIATE')
          this.#turnstile.done()
          if (steady() - begun > longWait) this.#reach.broken()
          this.#goOn()
          return
        } catch (error) {
          failure = error
          if (!isBusy(error)) {
            this.#turnstile.done()
            throw error
          }
        }
      }
      const waited = steady() - begun
      if (waited > patience && failure !== undefined) {
        this.#turnstile.done()
        throw failure
      }
      this.#turnstile.wait()
      Atomics.wait(this.#sleeper, 0, 0, waited < 20 ? 0.1 : waited < 200 ? 0.5 : 2)
    }
  }

  #rollBack(): void {
    const { database, lines } = this.#keeper
    lines.forget()
    try {
      if (database.inTransaction() !== false) database.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself.
    }
  }

  /** A commit that need not survive a power cut does not wait for the disk. */
  #sync(full: boolean): void {
    const wanted = full ? 'FULL' : 'NORMAL'
    if (wanted === this.#synchronous) return
    this.#keeper.database.exec(`PRAGMA synchronous = ${wanted}`)
    this.#synchronous = wanted
  }

  #read(action: (turn: Turn) => void): Turn {
    const { database } = this.#keeper
    this.#file.check()
    database.exec('BEGIN')
    try {
      const turn = new Turn(this.#keeper, this.#clock.wall(), this.#clock.steady())
      action(turn)
      for (const each of turn.afterwards) each()
      return turn
    } finally {
      if (database.inTransaction() !== false) database.exec('COMMIT')
    }
  }

  #wakeOthers(turn: Turn): void {
    const bits = signalsOf(turn)
    if (bits !== 0 && (this.#turnstile.wanted() & bits) !== 0) this.#bell.ring()
  }

  endings(told: readonly Told[]): Ending[] {
    const ended = this.#ended.splice(0)
    const ids = this.#awaited.take(told)
    try {
      if (ids.length > 0) this.#read(turn => void ended.push(...endingsOf(turn, ids)))
    } catch {
      // Those who wait ask for it, and hear what is wrong.
    }
    return ended
  }

  #askDue(): Due {
    const { wall, steady } = nextDue(this.#keeper.database, part => limitsOf(this.#keeper, part))
    return { wall, steady: Math.max(steady, this.#reach.overFrom(Infinity)) }
  }

  /** Sees what is due next once there has been a little time without asking; a timer that runs for that is left to run. */
  rest(): void {
    if (this.#resting) return
    this.#resting = true
    clearTimeout(this.#timer)
    this.#goOn(restBefore)
    this.#timer = setTimeout(() => this.#arm(), restBefore)
  }

  /** Sleeps until the next thing is due. */
  #arm(): void {
    this.#resting = false
    const time = this.#clock.steady()
    const next = Math.min(
      Math.max(this.#next.wait(this.#clock.wall(), time), this.#sweepAgain - time),
      this.#leases.nextRenewal - time,
      this.#nextHeartbeat - time,
      this.#lookout.next - time,
      ...[...this.#place.openings.values()].map(opens => opens - time),
    )
    const sleep = Math.min(Math.max(1, Math.ceil(next), this.#choresAgain - time), longestDelay)
    this.#goOn(sleep)
    this.#timer = setTimeout(() => this.#host.wake(), sleep)
  }

  close(): void {
    clearTimeout(this.#timer)
    const { held, ownLeases, database } = this.#keeper
    const left = held.size > 0 || ownLeases.size > 0 || this.#place.announced.size > 0
    // In a file that is gone there is nothing to release.
    if (left && this.#file.isThere) {
      this.#transact(true, turn => {
        releaseAll(turn, release)
        for (const worker of this.#place.announced.keys()) announce(turn, worker, undefined)
      })
    }
    this.#bell.close()
    this.#turnstile.close()
    this.#room.close()
    database.close()
  }
}

/** One by one: it may be more than a call takes arguments. */
function addTo(told: Told[], more: readonly Told[]): void {
  for (const each of more) told.push(each)
}
