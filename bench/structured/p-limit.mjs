import pLimit from 'p-limit'

const sleep = delay => new Promise(resolve => setTimeout(resolve, delay))

export function sleepers(n, delay) {
  const limit = pLimit(Infinity)
  const all = []
  for (let i = 0; i < n; i++) all.push(limit(child, delay(i)))
  return { started: new Promise(setImmediate), ended: Promise.all(all) }
}

export async function joins(n) {
  const limit = pLimit(Infinity)
  for (let i = 0; i < n; i++) await limit(empty)
}

async function empty() {}

async function child(delay) {
  await sleep(delay)
}

/** A limit of one is its lock, a limit of two its semaphore. */
export async function handover(what, n) {
  const limit = pLimit(what === 'lock' ? 1 : 2)
  const turns = async n => {
    for (let i = 0; i < n; i++) await limit(turn)
  }
  await Promise.all(what === 'lock' ? [turns(n / 2), turns(n / 2)] : [1, 2, 3, 4].map(() => turns(n / 4)))
}

/** Whoever has the turn lets others come before it ends. */
async function turn() {
  await Promise.resolve()
}
