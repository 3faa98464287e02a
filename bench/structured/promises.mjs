const sleep = delay => new Promise(resolve => setTimeout(resolve, delay))

export function sleepers(n, delay) {
  const all = []
  for (let i = 0; i < n; i++) all.push(child(delay(i)))
  return { started: new Promise(setImmediate), ended: Promise.all(all) }
}

/** Without an async function for each. */
export function bareSleepers(n, delay) {
  const all = []
  for (let i = 0; i < n; i++) all.push(sleep(delay(i)))
  return { started: new Promise(setImmediate), ended: Promise.all(all) }
}

export async function joins(n) {
  for (let i = 0; i < n; i++) await empty()
}

async function empty() {}

async function child(delay) {
  await sleep(delay)
}

/** The least that hands over in order: no cancellation, no owner, no limit of time. */
export async function handover(what, n) {
  if (what === 'channel') {
    const pipe = new Pipe()
    const give = async () => {
      for (let i = 0; i < n; i++) await pipe.send(i)
    }
    const take = async () => {
      for (let i = 0; i < n; i++) await pipe.receive()
    }
    await Promise.all([give(), take()])
    return
  }
  const slots = new Slots(what === 'lock' ? 1 : 2)
  const tasks = what === 'lock' ? 2 : 4
  const turns = async () => {
    for (let i = 0; i < n / tasks; i++) await slots.hold(turn)
  }
  await Promise.all(Array.from({ length: tasks }, turns))
}

/** Whoever has the turn lets others come before it ends. */
async function turn() {
  await Promise.resolve()
}

class Slots {
  #free
  #waiting = []

  constructor(free) {
    this.#free = free
  }

  async hold(fn) {
    if (this.#free > 0) this.#free--
    else await new Promise(resolve => this.#waiting.push(resolve))
    try {
      return await fn()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}

/** Room for one value. */
class Pipe {
  #held = []
  #senders = []
  #receivers = []

  async send(value) {
    const receiver = this.#receivers.shift()
    if (receiver !== undefined) return receiver(value)
    if (this.#held.length === 1) await new Promise(resolve => this.#senders.push(resolve))
    this.#held.push(value)
  }

  async receive() {
    if (this.#held.length === 0) return new Promise(resolve => this.#receivers.push(resolve))
    const value = this.#held.shift()
    this.#senders.shift()?.()
    return value
  }
}
