/** An operation as it was seen from outside: asked for at one moment, answered at a later one. */
export interface Operation {
  readonly name: string
  readonly argument?: unknown
  readonly result: unknown
  readonly from: number
  readonly to: number
}

/**
 * Whether operations that overlap could have happened one after another, each at some moment between its question and its answer, with the same answers.
 *
 * It tries each that nobody was done before, and remembers what it has tried.
 *
 * @param apply the state after an operation; undefined where that would have answered something else
 */
export function isLinearizable<S>(
  history: readonly Operation[],
  start: S,
  apply: (state: S, operation: Operation) => S | undefined,
): boolean {
  const tried = new Set<string>()
  const search = (left: readonly Operation[], state: S): boolean => {
    if (left.length === 0) return true
    const key = `${left.map(each => history.indexOf(each)).join()}|${JSON.stringify(state)}`
    if (tried.has(key)) return false
    tried.add(key)
    const firstEnd = Math.min(...left.map(({ to }) => to))
    for (const each of left) {
      if (each.from > firstEnd) continue
      const next = apply(state, each)
      if (next === undefined) continue
      if (
        search(
          left.filter(other => other !== each),
          next,
        )
      )
        return true
    }
    return false
  }
  return search(history, start)
}

/** What a bounded queue answers: `send` whether there was room, `receive` the next or undefined. */
export function queueOf(
  capacity: number,
): (state: readonly unknown[], operation: Operation) => readonly unknown[] | undefined {
  return (state, { name, argument, result }) => {
    if (name === 'send') {
      const hasRoom = state.length < capacity
      if (result !== hasRoom) return undefined
      return hasRoom ? [...state, argument] : state
    }
    if (state[0] !== result) return undefined
    return state.slice(1)
  }
}

/** What a map from keys to numbers answers. */
export function mapOf(
  state: Readonly<Record<string, number>>,
  { name, argument, result }: Operation,
): Readonly<Record<string, number>> | undefined {
  const [key, value = 0] = argument as [string, number?]
  const seen = state[key]
  if (name === 'set') return { ...state, [key]: value }
  if (name === 'get') return seen === result ? state : undefined
  if (name === 'add') return (seen ?? 0) + value === result ? { ...state, [key]: (seen ?? 0) + value } : undefined
  if ((seen !== undefined) !== result) return undefined
  const { [key]: _, ...rest } = state
  return rest
}
