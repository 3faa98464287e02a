import type { CallEvent, SkeinEvent } from 'skein'

/**
 * Everything in which these events do not tell of calls as the vocabulary promises: one order, one end, facts that stay the
 * same, times that never go backwards. Empty where all is well.
 *
 * @param events everything that one listener has heard since before the first call was handed over
 * @param beginning what the first event of each call is; the worker of a queue does not hear of submissions
 */
export function faultsInStories(
  events: readonly SkeinEvent[],
  beginning: 'submitted' | 'started' = 'submitted',
): string[] {
  const faults: string[] = []
  for (const [id, story] of storiesOf(events)) {
    const told = story.map(event => (event.type === 'ended' ? event.outcome : event.type)).join(' ')
    const add = (fault: string): void => void faults.push(`${id} (${told}): ${fault}`)
    faultsInOrder(story, beginning, add)
    faultsInFacts(story, add)
    if (story.at(-1)?.type !== 'ended') add('has no end')
  }
  return faults
}

/** The events of each call, in the order in which they were told. */
export function storiesOf(events: readonly SkeinEvent[]): Map<string, CallEvent[]> {
  const stories = new Map<string, CallEvent[]>()
  for (const event of events) {
    if (!('id' in event)) continue
    const story = stories.get(event.id)
    if (story) story.push(event)
    else stories.set(event.id, [event])
  }
  return stories
}

/**
 *     submitted ─▶ waits ──started──▶ runs ──▶ ended
 *                   ▲  └──────ended────┼───────▶┘
 *                   └─ retried, released, lost
 */
function faultsInOrder(
  story: readonly CallEvent[],
  beginning: 'submitted' | 'started',
  add: (fault: string) => void,
): void {
  let state: 'new' | 'waits' | 'runs' | 'ended' = beginning === 'started' ? 'waits' : 'new'
  let attempt = 1
  for (const event of story) {
    const { type } = event
    if (state === 'new' && type !== 'submitted') add(`begins with ${type}`)
    if (state === 'ended') add(`${type} after the end`)
    if (event.attempt !== attempt) add(`${type} is about attempt ${event.attempt} during attempt ${attempt}`)
    switch (type) {
      case 'submitted':
        if (state !== 'new') add('submitted twice')
        state = 'waits'
        break
      case 'started':
        if (state !== 'waits') add(`started while it ${state}`)
        state = 'runs'
        break
      case 'progress':
      case 'log':
        if (state !== 'runs') add(`${type} while it ${state}`)
        break
      case 'retried':
      case 'lost':
        if (state !== 'runs') add(`${type} while it ${state}`)
        state = 'waits'
        attempt++
        break
      case 'released':
        state = 'waits'
        break
      case 'ended':
        state = 'ended'
    }
  }
}

function faultsInFacts(story: readonly CallEvent[], add: (fault: string) => void): void {
  const [first] = story
  let before = -Infinity
  for (const event of story) {
    const { type, time, submitted, queued, started } = event
    for (const fact of ['task', 'place', 'queue', 'parent', 'submitted'] as const) {
      if (event[fact] !== first?.[fact]) add(`${type} has another ${fact}: ${event[fact]}`)
    }
    const ended = 'ended' in event ? event.ended : undefined
    if (ended !== undefined && ended !== time) add(`${type} is told at ${time} of an end at ${ended}`)
    // One that has not begun may be due later.
    const times = [submitted, started && queued, started, time].filter(each => each !== undefined)
    if (times.some((each, n) => n > 0 && each < (times[n - 1] ?? 0))) add(`${type} has the times ${times.join(', ')}`)
    if (!times.every(Number.isFinite)) add(`${type} has the times ${times.join(', ')}`)
    if (time < before) add(`${type} is told at ${time}, after something at ${before}`)
    before = time
    const runs = type === 'started' || type === 'progress' || type === 'log' || type === 'retried' || type === 'lost'
    if (runs && (event.worker === undefined || started === undefined)) add(`${type} does not say who has it since when`)
  }
}
