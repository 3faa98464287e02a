import { held } from './goals.mjs'

const graceMs = 100

export function suite({ quick }) {
  return {
    name: 'checkpoint',
    title: 'current().checkpoint() in a synchronous loop: its cost, and how soon the loop ends after cancel()',
    variants: ['loop', 'threads', 'processes'].map(place => ({ key: place, place })),
    columns: [
      { metric: 'perCall', label: 'checkpoint, ns', digits: 1 },
      { metric: 'cancelMs', label: 'cancel to end, ms', digits: 2 },
      { metric: 'worstCancelMs', label: 'worst, ms', digits: 2 },
      { metric: 'forcedMs', label: 'without checkpoint: beyond grace, ms', digits: 1 },
    ],
    request: (_contestant, { place }) => ({
      kind: 'checkpoint',
      place,
      calls: quick ? 1_000_000 : 5_000_000,
      repeats: 5,
      cancels: quick ? 5 : 20,
      graceMs,
    }),
    contestants: [{ key: 'skein', label: 'skein', role: 'skein', spec: { library: 'skein' } }],
    goals: cells =>
      cells
        .filter(cell => cell.variant !== 'loop')
        .map(cell => {
          const worst = cell.metrics.worstCancelMs
          return held({
            what: `${cell.variant}: from cancel() to the end of a synchronous loop with checkpoint(), at worst`,
            goal: 'at most 50 ms',
            found: worst && { ...worst, median: worst.max },
            most: 50,
            digits: 1,
            unit: ' ms',
          })
        }),
    notes: [
      'A synchronous loop on the event loop keeps cancel() itself from being called, so there is only a cost there.',
      `Without a checkpoint the thread is terminated or the process killed after grace (${graceMs} ms here); the pool then answers the next call.`,
    ],
  }
}
