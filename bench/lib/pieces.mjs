import { readFileSync } from 'node:fs'

/**
 * What earlier runs have found, as if it were of one: in the order of `suites`, with the goals as they are stated now. What a file has of a
 * suite stands for what files before it have of the same on the same version of Node.
 */
export function readPieces(files, suites) {
  const found = new Map()
  for (const file of files) {
    const run = JSON.parse(readFileSync(file, 'utf8'))
    for (const result of run.suites) found.set(`${result.name} ${run.machine.node}`, { run, result })
  }
  return suites.flatMap(({ name, make }) =>
    [...found.values()]
      .filter(({ result }) => result.name === name)
      .map(({ run, result }) => {
        const suite = make({ quick: run.quick, full: run.full === true, workers: run.workers })
        return { suite, run, result: { ...result, goals: suite.goals(result.cells) } }
      }),
  )
}
