/** So long each call keeps its worker, so that no worker takes a second one before the last has started. */
const holdMs = 2_000

/** A call for each worker of a pool, and the answers: `who` it was, `at` what time, and how long the call itself took. */
export async function eachWorker(pool, workers) {
  const hold = pool.bind('hold')
  const answer = async () => ({ ...(await hold(holdMs)), at: performance.now() })
  const answers = await Promise.all(Array.from({ length: workers }, answer))
  const seen = new Set(answers.map(({ who }) => who))
  if (seen.size < workers) throw new Error(`only ${seen.size} of ${workers} workers answered`)
  return answers
}
