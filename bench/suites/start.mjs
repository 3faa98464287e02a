const peer = { role: 'peer' }

export function suite() {
  return {
    name: 'start',
    title: 'Start-up: from creating a pool of one to its first answer, and the memory of each of 4 workers',
    variants: [
      { key: 'threads', place: 'threads' },
      { key: 'processes', place: 'processes' },
    ],
    columns: [
      { metric: 'startMs', label: 'first answer after, ms', digits: 1, ratio: 'startMs' },
      { metric: 'rss', label: 'RSS per worker, MiB', digits: 1 },
      { metric: 'pss', label: 'PSS per worker, MiB', digits: 1 },
    ],
    request: (contestant, { place }) => ({
      kind: 'start',
      spec: { ...contestant.spec, place },
      workers: 4,
      processes: place === 'processes',
    }),
    contestants: [
      { key: 'skein', label: 'skein', role: 'skein', spec: { library: 'skein' } },
      { key: 'piscina', label: 'piscina', ...peer, versus: 'skein', only: ['threads'], spec: { library: 'piscina' } },
      { key: 'tinypool', label: 'tinypool', ...peer, versus: 'skein', spec: { library: 'tinypool' } },
      { key: 'workerpool', label: 'workerpool', ...peer, versus: 'skein', spec: { library: 'workerpool' } },
      { key: 'raw', label: 'bare Worker or fork', role: 'reference', versus: 'skein', spec: { library: 'raw' } },
    ],
    goals: () => [],
  }
}
