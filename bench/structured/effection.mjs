import { run, sleep, spawn } from 'effection'

export function sleepers(n, delay) {
  let tell
  const started = new Promise(resolve => (tell = resolve))
  const ended = run(function* () {
    const tasks = []
    for (let i = 0; i < n; i++) tasks.push(yield* spawn(() => sleep(delay(i))))
    yield* sleep(1)
    tell()
    for (const task of tasks) yield* task
  })
  return { started, ended }
}

export function joins(n) {
  return run(function* () {
    for (let i = 0; i < n; i++) yield* yield* spawn(empty)
  })
}

function* empty() {}
