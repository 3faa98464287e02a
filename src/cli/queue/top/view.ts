/** The parts of the picture, in their order. */
export const sections = ['queues', 'running', 'tasks'] as const
/** A part of the picture. */
export type Section = (typeof sections)[number]

/** The orders of tasks. */
const orders = ['ended', 'failed', 'run', 'wait'] as const
/** An order of tasks: most ended, most failed, longest run, longest wait first. */
type Order = (typeof orders)[number]

/** The part of a store that somebody wants to see, and how. */
export interface View {
  /** Only queues, workers, tasks and jobs with this text in their names. */
  readonly filter: string
  /** The filter that is being typed; undefined while none is. */
  readonly typing: string | undefined
  /** The only part that is shown; undefined for all of them. */
  readonly section: Section | undefined
  readonly order: Order
  /** The lines of the only part that lie above the picture. */
  readonly from: number
  /** It stays as it is, whatever happens in the store. */
  readonly isPaused: boolean
  readonly isHelp: boolean
}

/** The view at first. */
export function firstView(filter: string): View {
  return { filter, typing: undefined, section: undefined, order: 'run', from: 0, isPaused: false, isHelp: false }
}

/** The keys, as the help names them, and what they do. */
export const keys: readonly (readonly [key: string, meaning: string])[] = [
  ['q', 'quit, as Ctrl-C'],
  ['/', 'show only what has some letters in its name; Enter keeps it, Esc shows all again'],
  ['1 2 3', 'the queues, what runs, or the tasks alone; 0 all of them; Tab the next'],
  ['↑ ↓ PgUp PgDn', 'scroll, where one is shown alone'],
  ['s', 'tasks by the longest run, the longest wait, the most ended, the most failed'],
  ['space', 'hold still; again: go on'],
  ['?', 'this'],
]

const escape = '\u001b'
const oneKey = new RegExp(`${escape}(?:\\[[0-9;]*[~A-Za-z]|O[A-Z])|[^]`, 'gu')

/** The keys in what a terminal has sent: letters, and sequences such as that of an arrow. */
export function keysIn(text: string): string[] {
  return text.match(oneKey) ?? []
}

/** The view after a key; `quit` for one that ends it. */
export function afterKey(view: View, key: string, page: number): View | 'quit' {
  if (key === '\u0003') return 'quit'
  if (view.typing !== undefined) return afterTyping(view, key, view.typing)
  if (view.isHelp) return key === 'q' ? 'quit' : { ...view, isHelp: false }
  switch (key) {
    case 'q':
      return 'quit'
    case '/':
      return { ...view, typing: view.filter }
    case escape:
      return { ...view, filter: '', from: 0 }
    case '?':
    case 'h':
      return { ...view, isHelp: true }
    case ' ':
      return { ...view, isPaused: !view.isPaused }
    case 's':
      return { ...view, order: orders[(orders.indexOf(view.order) + 1) % orders.length] as Order }
    case '0':
      return { ...view, section: undefined, from: 0 }
    case '1':
    case '2':
    case '3':
      return { ...view, section: sections[Number(key) - 1], from: 0 }
    case '\t': {
      const all = [undefined, ...sections]
      return { ...view, section: all[(all.indexOf(view.section) + 1) % all.length], from: 0 }
    }
    default:
      return scrolled(view, key, page)
  }
}

function afterTyping(view: View, key: string, typed: string): View {
  if (key === '\r' || key === '\n') return { ...view, typing: undefined, filter: typed, from: 0 }
  if (key === escape) return { ...view, typing: undefined }
  if (key === '\u007f' || key === '\b') return { ...view, typing: [...typed].slice(0, -1).join('') }
  if (key === '\u0015') return { ...view, typing: '' }
  return /^[\p{Cc}]/u.test(key) ? view : { ...view, typing: typed + key }
}

function scrolled(view: View, key: string, page: number): View {
  if (view.section === undefined) return view
  const by = steps(page).get(key)
  return by === undefined ? view : { ...view, from: Math.max(0, view.from + by) }
}

function steps(page: number): ReadonlyMap<string, number> {
  return new Map([
    [`${escape}[A`, -1],
    [`${escape}OA`, -1],
    ['k', -1],
    [`${escape}[B`, 1],
    [`${escape}OB`, 1],
    ['j', 1],
    [`${escape}[5~`, -page],
    [`${escape}[6~`, page],
    [`${escape}[H`, -Infinity],
    ['g', -Infinity],
  ])
}
