import { goal } from './goals.mjs'

const bundle = 'bundled'
const whole = 'the package'
const skein = '../dist/index.js'

const bundles = [
  { key: 'scope', names: 'scope', most: 20 },
  { key: 'semaphore', names: 'Semaphore', most: 10 },
  { key: 'retry', names: 'retry', most: 8 },
  { key: 'all', names: '*', most: 40 },
].map(each => ({ ...each, label: each.names === '*' ? 'skein, all of it' : `skein, { ${each.names} }` }))

const small = ['p-queue', 'p-limit', 'p-retry']

/** Both are bytes: no round differs from another. */
export function suite() {
  const packed = (name, role) => ({
    key: name,
    label: name,
    role,
    ...(role === 'peer' ? { versus: 'skein' } : {}),
    only: [whole],
    folder: role === 'peer' ? `node_modules/${name}` : '..',
  })
  return {
    name: 'size',
    title: 'What a bundle gets of skein, and what the package takes on a disk',
    variants: [{ key: bundle }, { key: whole }],
    limitMs: 120_000,
    columns: [
      { metric: 'gzipped', label: 'minified and gzipped, kB', digits: 1, ratio: 'gzipped' },
      { metric: 'minified', label: 'minified, kB', digits: 1 },
      { metric: 'packed', label: 'packed, MB', digits: 2, ratio: 'packed' },
      { metric: 'unpacked', label: 'on a disk, MB', digits: 2, ratio: 'unpacked' },
      { metric: 'files', label: 'files', digits: 0 },
    ],
    request: ({ exported, folder }) => ({ kind: 'size', exported, folder }),
    contestants: [
      ...bundles.map(({ key, names, label }) => ({
        key,
        label,
        role: 'skein',
        only: [bundle],
        exported: [[names, skein]],
      })),
      {
        key: 'small',
        label: `${small.join(', ')} together`,
        role: 'peer',
        versus: 'scope',
        only: [bundle],
        exported: small.map(name => [`default as ${name.replace('-', '')}`, name]),
      },
      packed('skein', 'skein'),
      ...['piscina', 'tinypool', 'workerpool', 'poolifier', 'bullmq'].map(name => packed(name, 'peer')),
    ],
    goals: cells => [
      ...bundles.map(({ key, label, most }) =>
        goal(cells, {
          what: `${label}, minified and gzipped`,
          goal: `at most ${most} kB`,
          variant: bundle,
          key,
          metric: 'gzipped',
          most,
          digits: 1,
          unit: ' kB',
        }),
      ),
      ...[
        { metric: 'packed', what: 'the package, packed', goal: 'at most 0.5 MB', most: 0.5, digits: 2, unit: ' MB' },
        { metric: 'unpacked', what: 'the package, on a disk', goal: 'at most 3 MB', most: 3, digits: 2, unit: ' MB' },
        { metric: 'files', what: 'the package, its files', goal: 'under 200', most: 199 },
      ].map(each => goal(cells, { ...each, variant: whole })),
    ],
  }
}
