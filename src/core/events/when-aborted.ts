/** The functions that wait for a signal to abort, in the order of their coming. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls a function once when a signal aborts; the returned function takes it away again. Only for a signal that has not aborted.
 *
 * However many wait for one signal, it has one listener. An EventTarget warns of more than ten on some versions of Node, and searches
 * all of them to remove one.
 */
export function whenAborted(signal: AbortSignal, act: () => void): () => void {
  let acts = waiting.get(signal)
  if (acts === undefined) {
    waiting.set(signal, (acts = new Set()))
    signal.addEventListener('abort', tellAll)
  }
  // The same function may be there twice.
  const own = (): void => act()
  acts.add(own)
  return () => {
    if (!acts.delete(own) || acts.size > 0 || waiting.get(signal) !== acts) return
    waiting.delete(signal)
    signal.removeEventListener('abort', tellAll)
  }
}

function tellAll(this: AbortSignal): void {
  const acts = waiting.get(this)
  waiting.delete(this)
  this.removeEventListener('abort', tellAll)
  if (acts === undefined) return
  for (const act of acts) {
    acts.delete(act)
    try {
      act()
    } catch (error) {
      // As with listeners of the platform: one that throws keeps it from nobody else.
      void Promise.reject(error)
    }
  }
}
