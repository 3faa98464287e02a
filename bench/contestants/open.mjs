/** Loads the library of a contestant, so that reading it from disk is not part of what is measured. */
export async function loadContestant(spec) {
  const contestant = await import(`./${spec.library}.mjs`)
  await contestant.load?.(spec)
  return contestant
}

/** Opens the contestant that a spec names: `{ library, ...its settings }`. */
export async function openContestant(spec, workers) {
  const { open } = await loadContestant(spec)
  return open({ ...spec, workers })
}
