import { channel, Lock, scope, Semaphore } from '../../dist/index.js'

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

/** The same where the child is nothing but its sleep: no async function of its own. */
export function bareSleepers(n, delay) {
  let tell
  const started = new Promise(resolve => (tell = resolve))
  const ended = scope(async s => {
    let begun = 0
    for (let i = 0; i < n; i++)
      s.spawn(s => {
        if (++begun === n) tell()
        return s.sleep(delay(i))
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

/** Tasks that wait for each other: n turns in all. */
export function handover(what, n) {
  if (what === 'channel') return throughChannel(n)
  const line = what === 'lock' ? new Lock() : new Semaphore(2)
  const tasks = what === 'lock' ? 2 : 4
  return scope(s => {
    for (let task = 0; task < tasks; task++)
      s.spawn(async s => {
        for (let i = 0; i < n / tasks; i++) await line.hold(turn, s)
      })
  })
}

function throughChannel(n) {
  const [sender, receiver] = channel({ capacity: 1 })
  return scope(s => {
    s.spawn(async s => {
      for (let i = 0; i < n; i++) await sender.send(i, s)
    })
    s.spawn(async s => {
      for (let i = 0; i < n; i++) await receiver.receive(s)
    })
  })
}

/** Whoever has the turn lets others come before it ends. */
async function turn() {
  await Promise.resolve()
}
