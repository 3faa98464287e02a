/**
 * Keeps `inFlight` calls on their way for so long: whenever one ends, the next one starts. Every result is checked. Gives the
 * calls per second.
 */
export async function keepInFlight({ run, argument, check, inFlight, ms }) {
  // Looking at the clock for each of millions of calls would be felt, looking rarely at long ones would be late.
  const lookEvery = inFlight >= 500 ? 64 : 1
  let next = 0
  let done = 0
  let running = true
  let measured = 0
  const from = performance.now()

  async function lane() {
    while (running) {
      const id = next++
      check(await run(argument(id)), id)
      done++
      if (done % lookEvery === 0 && running) {
        const elapsed = performance.now() - from
        if (elapsed >= ms) {
          running = false
          measured = (done / elapsed) * 1000
        }
      }
    }
  }

  await Promise.all(Array.from({ length: inFlight }, lane))
  return measured
}

/** One call in flight for so long: how long each took there and back, in microseconds. Every result is checked. */
export async function roundTrips({ run, argument, check, ms }) {
  const trips = []
  const end = performance.now() + ms
  for (let id = 0; ; id++) {
    const from = performance.now()
    if (from >= end) return trips
    const result = await run(argument(id))
    trips.push((performance.now() - from) * 1000)
    check(result, id)
  }
}
