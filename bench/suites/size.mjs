import { goal } from './goals.mjs'

const bundle = 'bundled'
const whole = 'the package'
const skein = '../dist/index.js'

const bundles = [
  { key: 'scope', names: 'scope', most: 20 },
  { key: 'semaphore', names: 'Semaphore', most: 10 },
  { key: 'retry', names: 'retry', most: 8, why: 'each attempt runs in a scope, which takes what { scope } takes' },
  { key: 'all', names: '*', most: 40, why: 'nothing is in it but what one of the public names needs' },
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
      { metric: 'definitionsPercent', label: 'declarations that lead to code, %', digits: 1 },
    ],
    request: ({ key, exported, folder }) => ({ kind: 'size', exported, folder, readable: key === 'skein' }),
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
      ...bundles.map(({ key, label, most, why }) =>
        goal(cells, {
          what: `${label}, minified and gzipped`,
          goal: `at most ${most} kB`,
          variant: bundle,
          key,
          metric: 'gzipped',
          most,
          digits: 1,
          unit: ' kB',
          why,
        }),
      ),
      ...[
        {
          metric: 'packed',
          what: 'the package, packed',
          goal: 'at most 0.5 MB',
          most: 0.5,
          digits: 2,
          unit: ' MB',
          why: 'the code takes two thirds of it, with all its names and lines; minified, nobody could read it',
        },
        { metric: 'unpacked', what: 'the package, on a disk', goal: 'at most 3 MB', most: 3, digits: 2, unit: ' MB' },
        { metric: 'files', what: 'the package, its files', goal: 'under 200', most: 199 },
        {
          metric: 'definitionsPercent',
          what: 'declarations that lead to readable code in the package',
          goal: 'all',
          least: 100,
          digits: 1,
          unit: ' %',
        },
      ].map(each => goal(cells, { ...each, variant: whole })),
    ],
  }
}
