import { setBackgroundRoot } from '../tree/roots.ts'
import { Scope } from './scope.ts'

let shared: Scope | undefined

/**
 * The scope that nobody cancels and that never ends, for work that belongs to the program as a whole.
 *
 * What is spawned in it runs on its own: a failing task harms no other, and a failure that nobody asks for is an unhandled
 * rejection. Use it where a job must outlive the scope that starts it; everything else belongs into a scope that ends.
 *
 * @example
 * import { background } from 'skein/lowlevel'
 *
 * const job = background().spawn(async s => { await s.sleep('5ms'); return 'warm' })
 * console.log(await job.result()) // warm
 */
export function background(): Scope {
  if (shared === undefined) setBackgroundRoot((shared = new Scope({ name: 'background', background: true })))
  return shared
}
