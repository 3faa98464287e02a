import { double } from '../../conformance/tasks/values.ts'
import { stress } from './measure.ts'

// A source of any length, mapped with one signal; in between, loops that are left early.
await stress({ workers: 2 }, async ({ executor, signal, count, tell, warm }) => {
  for (let part = 0; part < 5; part++) {
    let expected = 0
    for await (const value of executor.map(double, range(count / 5), { signal })) {
      if (value !== expected) throw new Error(`expected ${expected}, got ${value}`)
      expected += 2
      tell('result')
    }
    for (let n = 0; n < 20; n++) {
      for await (const _ of executor.map(double, range(1_000), { signal, ordered: false })) break
      tell('left early')
    }
    if (part === 0) await warm()
  }
})

function* range(size: number): Generator<number> {
  for (let n = 0; n < size; n++) yield n
}
