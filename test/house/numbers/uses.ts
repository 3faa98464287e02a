import { CancelledError, type Scope, scope, TimeoutError } from 'skein'

/** A few milliseconds of the machine: what is limited to days must still be there afterwards. */
export const aMoment = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 3))

/** Runs a body in a scope that ends after a moment, whatever the body still waits for. Gives `cut` where a time limit was faster. */
export async function briefly(body: (s: Scope) => unknown): Promise<unknown> {
  try {
    return await scope(async s => {
      const running = s.spawn(async s => body(s))
      await Promise.race([aMoment(), running.result().catch(() => {})])
      await running.cancel()
      return running.state === 'cancelled' ? 'was waiting' : await running.result()
    })
  } catch (error) {
    if (error instanceof TimeoutError) return 'cut'
    if (error instanceof CancelledError) return 'was waiting'
    throw error
  }
}

export const fails = (): never => {
  throw new Error('as meant')
}

const harmless: ReadonlySet<unknown> = new Set([
  'SKEIN_OVERLOADED',
  'SKEIN_CANCELLED',
  'SKEIN_RESTART_LIMIT',
  'SKEIN_CIRCUIT_OPEN',
])

/** `cut` where a time limit ended the work, or it was ended by force; its own failure is none of the option. */
export async function told(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    if (error instanceof TimeoutError) return 'cut'
    const { code, message, ended } = error as { code?: string; message: string; ended?: string }
    if (ended === 'abandoned' || ended === 'terminated' || ended === 'killed') return 'cut'
    if (message === 'as meant' || harmless.has(code)) return code
    throw error
  }
}
