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
          return {
            text: `${cell.variant}: a synchronous loop with checkpoint() ends within 50 ms of cancel()`,
            figure: worst === undefined ? undefined : `${worst.max.toFixed(1)} ms at worst`,
            reached: worst === undefined ? undefined : worst.max <= 50,
          }
        }),
    notes: [
      'A synchronous loop on the event loop keeps cancel() itself from being called, so there is only a cost there.',
      `Without a checkpoint the thread is terminated or the process killed after grace (${graceMs} ms here); the pool then answers the next call.`,
    ],
  }
}
