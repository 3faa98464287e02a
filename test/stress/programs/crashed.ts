import { call, WorkerCrashedError } from 'skein'
import { exitWith } from '../../conformance/tasks/crashing.ts'
import { double } from '../../conformance/tasks/values.ts'
import { stress } from './measure.ts'

// Workers that end under their calls, with harmless calls between them.
const size = 10

await stress({ workers: 2 }, async ({ executor, signal, count, tell, warm }) => {
  for (let done = 0; done < count; done += size) {
    const ends: Promise<void>[] = []
    for (let n = 0; n < size; n++) {
      ends.push(
        executor.run(call(exitWith, 3).with({ signal })).then(
          () => tell('value'),
          (error: unknown) =>
            tell(error instanceof WorkerCrashedError ? `exit ${String(error.exitCode)}` : String(error)),
        ),
      )
      ends.push(executor.run(call(double, n).with({ signal })).then(value => tell(value === n * 2 ? 'right' : 'wrong')))
    }
    await Promise.all(ends)
    if (done === Math.floor(count / size / 5) * size) await warm()
  }
})
