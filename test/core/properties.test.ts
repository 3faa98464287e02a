import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { all, any, channel, type Receiver, type Scope, scope, Semaphore, type Sender } from 'skein/core'
import { settled } from './deferred.ts'
import { inVirtualTime } from './virtual-time.ts'

/** One step of a random program. */
type Step =
  | { readonly do: 'sleep' | 'swallow' | 'forget' | 'limit'; readonly ms: number }
  | { readonly do: 'fail' | 'join' | 'send' | 'receive' | 'checkpoint' }
  | { readonly do: 'cancel'; readonly grace: number; readonly up: number }
  | { readonly do: 'hold'; readonly ms: number }
  | { readonly do: 'spawn' | 'service' | 'ready'; readonly steps: readonly Step[]; readonly up: number }
  | { readonly do: 'scope' | 'collect'; readonly steps: readonly Step[] }
  | { readonly do: 'within' | 'moveOn' | 'shield'; readonly steps: readonly Step[]; readonly ms: number }
  | { readonly do: 'all' | 'any'; readonly parts: readonly (readonly Step[])[] }

const ms = fc.integer({ min: 0, max: 40 })
const up = fc.integer({ min: 0, max: 2 })

const program: fc.Arbitrary<readonly Step[]> = fc.letrec<{ steps: readonly Step[]; step: Step }>(tie => ({
  steps: fc.array(tie('step'), { maxLength: 5, depthIdentifier: 'program' }),
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true, depthIdentifier: 'program' },
    fc.record({ do: fc.constantFrom('sleep', 'swallow', 'forget', 'limit'), ms }),
    fc.record({ do: fc.constantFrom('join', 'send', 'receive', 'checkpoint') }),
    fc.record({ do: fc.constant('fail') }),
    fc.record({ do: fc.constant('cancel'), grace: fc.constantFrom(0, 0, 7), up }),
    fc.record({ do: fc.constant('hold'), ms }),
    fc.record({ do: fc.constantFrom('spawn', 'spawn', 'spawn', 'service', 'ready'), steps: tie('steps'), up }),
    fc.record({ do: fc.constantFrom('scope', 'collect'), steps: tie('steps') }),
    fc.record({ do: fc.constantFrom('within', 'moveOn', 'shield'), steps: tie('steps'), ms }),
    fc.record({ do: fc.constantFrom('all', 'any'), parts: fc.array(tie('steps'), { minLength: 1, maxLength: 3 }) }),
  ) as fc.Arbitrary<Step>,
})).steps

class Failure extends Error {}

/** A body that runs, and how many of those within it do. */
interface Frame {
  readonly outer: Frame | undefined
  readonly s: Scope
  running: number
}

/** Runs a program, and watches that the promises are kept. */
class Run {
  readonly broken: string[] = []
  readonly failures: Failure[] = []
  readonly semaphore = new Semaphore(2)
  readonly sender: Sender<number>
  readonly receiver: Receiver<number>
  readonly sent: number[] = []
  readonly received: number[] = []
  waitsBegun = 0
  waitsEnded = 0
  inside = 0
  #values = 0

  constructor() {
    ;[this.sender, this.receiver] = channel<number>({ capacity: 1 })
  }

  /** A body of the program, with a check that nothing in it is left when its scope has ended. */
  body(steps: readonly Step[], outer: Frame | undefined, at: Frame[]): (s: Scope) => Promise<void> {
    return async s => {
      const frame: Frame = { outer, s, running: 0 }
      at.push(frame)
      for (let each: Frame | undefined = frame; each !== undefined; each = each.outer) each.running++
      try {
        for (const step of steps) await this.step(step, frame)
      } finally {
        for (let each: Frame | undefined = frame; each !== undefined; each = each.outer) each.running--
      }
    }
  }

  /** Runs a nested scope through a function that gives its promise. */
  async nested(steps: readonly Step[], outer: Frame, run: (body: (s: Scope) => Promise<void>) => Promise<unknown>) {
    const at: Frame[] = []
    try {
      await run(this.body(steps, outer, at))
    } finally {
      for (const frame of at) this.checkEnded(frame)
    }
  }

  checkEnded(frame: Frame): void {
    if (frame.running !== 0) this.broken.push(`${frame.running} bodies outlive ${frame.s.title}`)
    if (frame.s.children.length > 0) this.broken.push(`${frame.s.title} still has children`)
  }

  /** A wait: counted, and refused where the scope was cancelled before it began. */
  async wait<T>(s: Scope, operation: () => Promise<T>): Promise<T> {
    const refused = s.cancelled
    this.waitsBegun++
    try {
      const value = await operation()
      if (refused) this.broken.push(`a cancel point of ${s.title} was passed although it had been cancelled`)
      return value
    } finally {
      this.waitsEnded++
    }
  }

  async step(step: Step, frame: Frame): Promise<void> {
    const { s } = frame
    let target = frame
    if ('up' in step) for (let up = 0; up < step.up && target.outer !== undefined; up++) target = target.outer
    switch (step.do) {
      case 'sleep':
        return this.wait(s, () => s.sleep(step.ms))
      case 'swallow':
        return this.wait(s, () => s.sleep(step.ms)).catch(() => {})
      case 'forget':
        // Nobody awaits it: the end of the scope ends it.
        void this.wait(s, () => s.sleep(step.ms * 1_000)).catch(() => {})
        return
      case 'limit':
        // The outermost keeps one: a program may wait for a value that nobody sends.
        if (step.ms === 0) return s.setLimit(frame.outer === undefined ? { timeout: '2h' } : {})
        return s.setLimit({ timeout: step.ms })
      case 'checkpoint':
        return s.checkpoint()
      case 'join':
        return this.wait(s, () => s.join())
      case 'fail': {
        const failure = new Failure(`failure ${this.failures.length}`)
        this.failures.push(failure)
        throw failure
      }
      case 'cancel':
        return target.s.cancel('random', { grace: step.grace })
      case 'hold':
        await this.wait(s, () => this.semaphore.acquire(s))
        if (++this.inside > 2) this.broken.push('three have a semaphore of two')
        try {
          await this.wait(s, () => s.sleep(step.ms))
        } finally {
          this.inside--
          this.semaphore.release()
        }
        return
      case 'send': {
        const value = ++this.#values
        await this.wait(s, () => this.sender.send(value, s))
        this.sent.push(value)
        return
      }
      case 'receive':
        this.received.push(await this.wait(s, () => this.receiver.receive(s)))
        return
      case 'spawn':
      case 'service':
        try {
          target.s.spawn(this.body(step.steps, target, []), { service: step.do === 'service' })
        } catch (error) {
          // Another step may have let the scope further out end.
          if ((error as { code?: unknown }).code !== 'SKEIN_SCOPE_CLOSED') throw error
        }
        return
      case 'ready': {
        const body = this.body(step.steps, target, [])
        await this.wait(s, () =>
          s.wait(
            target.s.spawnReady<void>((inner, ready) => {
              ready()
              return body(inner)
            }),
          ),
        )
        return
      }
      case 'scope':
        return this.nested(step.steps, frame, body => s.scope(body))
      case 'collect':
        return this.nested(step.steps, frame, body => s.scope(body, { onError: 'collect' }))
      case 'within':
        return this.nested(step.steps, frame, body => s.scope(body, { timeout: step.ms }))
      case 'moveOn':
        return this.nested(step.steps, frame, body => s.moveOnAfter(step.ms, body))
      case 'shield':
        return this.nested(step.steps, frame, body => s.shield(body, { timeout: step.ms }))
      case 'all':
      case 'any': {
        const at: Frame[] = []
        const work = step.parts.map(steps => this.body(steps, frame, at))
        // What `any` passes over is heard by nobody: its failures do not count as thrown.
        const before = this.failures.length
        try {
          await (step.do === 'all' ? all(work, s) : any(work, s))
          if (step.do === 'any') this.failures.length = before
        } finally {
          for (const each of at) this.checkEnded(each)
        }
        return
      }
    }
  }
}

async function runProgram(steps: readonly Step[]): Promise<{ readonly run: Run; readonly error: unknown }> {
  const run = new Run()
  const at: Frame[] = []
  let error: unknown
  try {
    await scope(run.body(steps, undefined, at), { timeout: '1h' })
  } catch (thrown) {
    error = thrown
  }
  for (const frame of at) run.checkEnded(frame)
  return { run, error }
}

const runs = Number(process.env['SKEIN_RUNS'] ?? 150)

describe('a random program of scopes', () => {
  test(
    'leaves nothing behind, wakes every waiter, keeps its tokens and values, and loses no failure',
    inVirtualTime(async clock => {
      const unhandled: unknown[] = []
      const hear = (error: unknown): void => void unhandled.push(error)
      process.on('unhandledRejection', hear)
      try {
        await fc.assert(
          fc.asyncProperty(program, async steps => {
            const timers = clock.waiting
            const { run, error } = await runProgram(steps)
            assert.equal(clock.waiting, timers, 'a timer is left')
            await settled()
            assert.deepEqual(run.broken, [])
            assert.equal(run.waitsEnded, run.waitsBegun, 'a waiter was not woken')
            assert.deepEqual(unhandled.splice(0), [], 'unhandled rejections')
            assert.equal(run.inside, 0)
            assert.equal(run.semaphore.value, 2, 'a token of the semaphore was lost or made')
            assert.equal(run.semaphore.statistics().waiting, 0)
            const left = run.receiver.statistics().buffered
            assert.equal(new Set(run.received).size, run.received.length, 'a value was received twice')
            for (const value of run.received) assert.ok(run.sent.includes(value), `${value} was received, not sent`)
            assert.equal(run.sent.length, run.received.length + left, 'a value was lost')
            if (run.failures.length > 0) assert.notEqual(error, undefined, 'a failure was lost')
          }),
          { numRuns: runs },
        )
      } finally {
        process.removeListener('unhandledRejection', hear)
      }
    }),
  )
})
