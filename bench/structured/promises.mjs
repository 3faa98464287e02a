const sleep = delay => new Promise(resolve => setTimeout(resolve, delay))

export function sleepers(n, delay) {
  const all = []
  for (let i = 0; i < n; i++) all.push(child(delay(i)))
  return { started: new Promise(setImmediate), ended: Promise.all(all) }
}

export async function joins(n) {
  for (let i = 0; i < n; i++) await empty()
}

async function empty() {}

async function child(delay) {
  await sleep(delay)
}
