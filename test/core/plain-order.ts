import { ready } from '#skein/core/time/ready.js'

/**
 * For a test whose subject is the plain order itself, first in, first out: also where all other tests run in a shuffled one
 * (`npm run seeds`).
 */
export function inPlainOrder(body: () => unknown): () => Promise<void> {
  return async () => {
    const before = ready.shuffleWith(undefined)
    try {
      await body()
    } finally {
      ready.shuffleWith(before)
    }
  }
}
