import PQueue from 'p-queue'

const sleep = delay => new Promise(resolve => setTimeout(resolve, delay))

export function sleepers(n, delay) {
  const queue = new PQueue({ concurrency: Infinity })
  const all = []
  for (let i = 0; i < n; i++)
    all.push(
      queue.add(async () => {
        await sleep(delay(i))
      }),
    )
  return { started: new Promise(setImmediate), ended: Promise.all(all) }
}

export async function joins(n) {
  const queue = new PQueue({ concurrency: Infinity })
  for (let i = 0; i < n; i++) await queue.add(empty)
}

async function empty() {}
