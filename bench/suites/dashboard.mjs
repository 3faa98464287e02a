import { goal } from './goals.mjs'

const contestants = [{ key: 'skein', label: 'skein, SQLite', role: 'skein', spec: {} }]

/** What the dashboard takes on a file with many jobs. */
export function suite({ quick }) {
  const jobs = quick ? 50_000 : 1_000_000
  const variant = `${jobs.toLocaleString('en')} jobs`
  return {
    name: 'dashboard',
    title: 'The dashboard: a screen and a search by the number of jobs in the file, of which nine of ten have ended',
    variants: [{ key: variant, jobs }],
    limitMs: 900_000,
    columns: [
      { metric: 'coldMs', label: 'first screen after the start, ms', digits: 0 },
      { metric: 'firstMs', label: 'later, ms', digits: 0 },
      { metric: 'searchMs', label: 'search by state and task, ms', digits: 1 },
      { metric: 'slowestMs', label: 'the slowest, ms', digits: 0 },
      { metric: 'textPerSecond', label: 'jobs looked through for a text, a second', digits: 0 },
    ],
    request: (_, { jobs: many }) => ({ kind: 'dashboard', jobs: many, rounds: quick ? 5 : 20 }),
    contestants,
    goals: cells => [
      goal(cells, {
        what: `the first screen of the dashboard, ${variant} in the file`,
        goal: 'under 300 ms',
        variant,
        metric: 'firstMs',
        most: 300,
        unit: ' ms',
      }),
      goal(cells, {
        what: `a search by state and task, the slowest of all, ${variant} in the file`,
        goal: 'under 200 ms',
        variant,
        metric: 'slowestMs',
        most: 200,
        unit: ' ms',
      }),
    ],
  }
}
