import { loadContestant, openContestant } from '../contestants/open.mjs'

/** From creating a pool of one to its first answer; the library is loaded already. */
export async function measure({ spec }) {
  await loadContestant(spec)
  const from = performance.now()
  const pool = await openContestant(spec, 1)
  try {
    await pool.bind('whoAmI')(0)
    return { startMs: performance.now() - from }
  } finally {
    await pool.close()
  }
}
