import { Effect, Fiber, Queue, Semaphore } from 'effect'

export function sleepers(n, delay) {
  let tell
  const started = new Promise(resolve => (tell = resolve))
  const ended = Effect.runPromise(
    Effect.gen(function* () {
      const fibers = []
      for (let i = 0; i < n; i++) fibers.push(yield* Effect.forkChild(Effect.sleep(delay(i))))
      yield* Effect.sleep(1)
      tell()
      for (const fiber of fibers) yield* Fiber.join(fiber)
    }),
  )
  return { started, ended }
}

export function joins(n) {
  return Effect.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < n; i++) yield* Fiber.join(yield* Effect.forkChild(Effect.void))
    }),
  )
}

export function handover(what, n) {
  return Effect.runPromise(
    Effect.gen(function* () {
      if (what === 'channel') {
        const queue = yield* Queue.bounded(1)
        const giver = yield* Effect.forkChild(
          Effect.gen(function* () {
            for (let i = 0; i < n; i++) yield* Queue.offer(queue, i)
          }),
        )
        for (let i = 0; i < n; i++) yield* Queue.take(queue)
        return yield* Fiber.join(giver)
      }
      const semaphore = yield* Semaphore.make(what === 'lock' ? 1 : 2)
      const turns = count =>
        Effect.gen(function* () {
          for (let i = 0; i < count; i++) yield* semaphore.withPermits(1)(Effect.yieldNow)
        })
      const tasks = what === 'lock' ? 2 : 4
      const fibers = []
      for (let i = 0; i < tasks; i++) fibers.push(yield* Effect.forkChild(turns(n / tasks)))
      for (const fiber of fibers) yield* Fiber.join(fiber)
    }),
  )
}
