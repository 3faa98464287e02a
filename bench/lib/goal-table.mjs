/** Every goal of a run in one table: what it is about, what it should come to, what it came to. */
export function goalRows(goals) {
  return [
    ['what', 'goal', 'figure', 'reached'],
    ...goals.map(each => [each.what, each.goal, figure(each), [verdict(each), reasonOf(each) ?? []].flat().join(': ')]),
  ]
}

/** The goals of several runs side by side, such as those on several versions of Node. */
export function goalRowsAcross(runs) {
  const rows = new Map()
  for (const { goals } of runs) for (const { what, goal } of goals) rows.set(`${what}\n${goal}`, { what, goal })
  return [
    ['what', 'goal', ...runs.map(({ name }) => name)],
    ...[...rows.values()].map(row => [
      row.what,
      row.goal,
      ...runs.map(({ goals }) => {
        const found = goals.find(({ what, goal }) => what === row.what && goal === row.goal)
        return found?.figure === undefined ? '–' : `${found.figure}: ${verdict(found)}`
      }),
    ]),
  ]
}

const figure = goal => goal.figure ?? '–'

/** What there is to say of a goal in two words; how near it came where it was missed. */
export function verdict({ reached, near, needs }) {
  if (reached === undefined) return needs === undefined ? 'not measured' : `not measured: ${needs}`
  return reached ? 'reached' : `not reached: ${near}`
}

/** Why a goal was missed; undefined where it was not. */
export function reasonOf({ reached, why }) {
  return reached === false ? (why ?? 'no reason is known') : undefined
}
