import { scope } from '../../dist/index.js'

/** Starts n tasks that sleep; `started` when all of them do, `ended` when all have woken. */
export function sleepers(n, delay) {
  let tell
  const started = new Promise(resolve => (tell = resolve))
  const ended = scope(async s => {
    let begun = 0
    for (let i = 0; i < n; i++)
      s.spawn(async s => {
        if (++begun === n) tell()
        await s.sleep(delay(i))
      })
  })
  return { started, ended }
}

/** n times: starts an empty child and waits for it. */
export function joins(n) {
  return scope(async s => {
    for (let i = 0; i < n; i++) await s.spawn(empty).result()
  })
}

function empty() {}
