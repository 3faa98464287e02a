/**
 * Runs small programs that share memory in every order in which their steps can happen.
 *
 * A program is a generator. It yields before each step that others can see; what it yields are the steps that it could do
 * next, and the explorer does one of them. Between two steps a program only does what nobody else can see.
 */
export interface Step {
  /**
   * Only on the first of the steps: all that the program's own state consists of at this point, as text. Without it, two
   * runs in which the program has seen different things count as different, even if it has forgotten them.
   */
  readonly state?: () => string
  /** Absent: it can be done at any time. */
  readonly isReady?: () => boolean
  /** What the program gets for it. It may throw. */
  run(): unknown
}

export type Program = Generator<readonly Step[], void, unknown>

/** Everything that takes part in one run. Making it again must give the same. */
export interface System {
  readonly programs: readonly Program[]
  /** What is shared, as text: two runs with the same text and the same histories go on in the same way. */
  shared(): string
  /** Called when no program can go on. Throws when that must not be. */
  end(): void
}

/** What exploring has found out. */
export interface Explored {
  /** How many different states there were. */
  readonly states: number
  /** How many ends. */
  readonly ends: number
}

/** A fault, with the steps that lead to it. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
}

const mostSteps = 2_000

class Run {
  readonly #system: System
  readonly #steps: (readonly Step[] | undefined)[]
  /** What each program has seen: all that its own state depends on. */
  readonly #histories: string[]
  readonly trail: number[] = []
  /** The program that has done the last step, and how often another one was taken although it could go on. */
  last = 0
  preempted = 0

  constructor(system: System) {
    this.#system = system
    this.#steps = system.programs.map(program => open(program.next()))
    this.#histories = system.programs.map(() => '')
    this.#steps.forEach((_, program) => this.#sumUp(program))
  }

  #sumUp(program: number): void {
    const state = this.#steps[program]?.[0]?.state
    if (state) this.#histories[program] = state()
  }

  /** The steps that can be done now, as numbers: which program, which of its steps. */
  choices(): number[] {
    const found: number[] = []
    this.#steps.forEach((steps, program) =>
      steps?.forEach((step, which) => {
        if (step.isReady?.() ?? true) found.push(program * 8 + which)
      }),
    )
    return found
  }

  do(choice: number): void {
    const program = choice >> 3
    const isReady = (step: Step): boolean => step.isReady?.() ?? true
    if (program !== this.last && (this.#steps[this.last]?.some(isReady) ?? false)) this.preempted++
    this.last = program
    const step = (this.#steps[program] as readonly Step[])[choice & 7] as Step
    const running = this.#system.programs[program] as Program
    this.trail.push(choice)
    let result: unknown
    let error: unknown
    let failed = false
    try {
      result = step.run()
    } catch (caught) {
      if (caught instanceof ModelError) throw caught
      failed = true
      error = caught
    }
    this.#histories[program] += `${choice & 7}${failed ? '!' : ''}${seen(result)};`
    this.#steps[program] = open(failed ? running.throw(error) : running.next(result))
    this.#sumUp(program)
  }

  key(): string {
    return `${this.#system.shared()}\n${this.#histories.join('\n')}`
  }
}

function seen(result: unknown): string {
  return result === undefined ? '' : typeof result === 'object' ? JSON.stringify(result) : String(result)
}

function open(result: IteratorResult<readonly Step[], void>): readonly Step[] | undefined {
  return result.done ? undefined : result.value
}

/**
 * Explores every order. Throws the first ModelError that it meets, with the number of steps that lead there.
 *
 * @param preemptions where there are too many orders: only those in which a program that could go on has to wait for another one so many times at most.
 *   That grows with a power of the number of steps, not exponentially, and most faults of locks need one or two
 */
export function explore(make: () => System, preemptions: number = Infinity): Explored {
  const known = new Set<string>()
  const open: (readonly number[])[] = [[]]
  let ends = 0
  for (let trail = open.pop(); trail; trail = open.pop()) {
    const system = make()
    const run = new Run(system)
    try {
      for (const choice of trail) run.do(choice)
      for (;;) {
        const key = preemptions === Infinity ? run.key() : `${run.key()}\n${run.last},${run.preempted}`
        if (run.trail.length >= trail.length && known.has(key)) break
        known.add(key)
        if (run.trail.length > mostSteps) throw new ModelError('it does not come to an end')
        const choices = run.choices()
        if (choices.length === 0) {
          ends++
          system.end()
          break
        }
        // First the one that is running: to leave it is a preemption, where it could go on.
        const isRunning = choices.some(choice => choice >> 3 === run.last)
        const allowed = choices.filter(choice => choice >> 3 === run.last || !isRunning || run.preempted < preemptions)
        const next = allowed.find(choice => choice >> 3 === run.last) ?? (allowed[0] as number)
        for (const other of allowed) if (other !== next) open.push([...run.trail, other])
        run.do(next)
      }
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      throw new ModelError(`${error.message} (after ${run.trail.length} steps, having seen ${known.size} states)`)
    }
  }
  return { states: known.size, ends }
}
