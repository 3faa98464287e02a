import { dispatchColumns, dispatchRequest } from './dispatch.mjs'

/** What those who listen cost, where a call does nothing else. With `--before` also what the events cost while nobody listens. */
export function suite(options) {
  const places = [
    { key: 'loop', workers: 1 },
    { key: 'threads', workers: 1 },
    { key: 'processes', workers: 1 },
  ]
  const request = dispatchRequest(options)
  return {
    name: 'observe',
    title: 'Events: what a call costs when somebody listens',
    variants: places,
    columns: dispatchColumns,
    request: (contestant, variant) => request({ spec: { ...contestant.spec, place: variant.key } }, variant),
    contestants: [
      { key: 'none', label: 'nobody listens', role: 'skein', spec: { library: 'skein' } },
      ...[1, 3].map(listeners => ({
        key: `${listeners}`,
        label: `${listeners} ${listeners === 1 ? 'listener' : 'listeners'}`,
        role: 'reference',
        versus: 'none',
        spec: { library: 'skein', listeners },
      })),
    ],
    goals: () => [],
  }
}
