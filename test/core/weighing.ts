import assert from 'node:assert/strict'
import { runProgram } from './program.ts'

/** What may be weighed: few come to ten thousand. */
export interface Weighing {
  /** How many are many. */
  readonly many: number
  /** Bytes that each of many takes at most. */
  readonly most: number
  /** Code that comes first: imports, and what is needed for all. */
  readonly setUp: string
  /** The body of a function of `count` and `heap`, which returns the heap before them, while they are there and when they are gone. */
  readonly weigh: string
  /** Code at the end. */
  readonly close?: string
}

/** Checks, in a program of its own, that each takes the same room whether there are few or many, and leaves nothing behind. */
export async function checkWeight(folder: string, { many, most, setUp, weigh, close = '' }: Weighing): Promise<void> {
  const { code, stdout, stderr } = await runProgram(
    folder,
    'weight.mjs',
    `
    import { setFlagsFromString } from 'node:v8'
    import { runInNewContext } from 'node:vm'
    ${setUp}
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc')
    const heap = () => (collect(), collect(), process.memoryUsage().heapUsed)
    const heaps = async count => { ${weigh} }
    async function each(count) {
      const [before, during, after] = await heaps(count)
      return [(during - before) / count, (after - before) / count]
    }
    await each(10_000)
    const few = await each(10_000)
    const many = await each(${many})
    ${close}
    console.log(JSON.stringify([few[0], many[0], few[1], many[1]].map(Math.round)))
  `,
  )
  assert.equal(stderr, '')
  assert.equal(code, 0)
  const [ofFew, ofMany, leftOfFew, leftOfMany] = JSON.parse(stdout) as [number, number, number, number]
  assert.ok(ofMany < most, `${ofMany} bytes for each of ${many}`)
  assert.ok(ofMany < ofFew * 1.25, `${ofFew} bytes for each of 10000, ${ofMany} for each of ${many}`)
  assert.ok(leftOfFew < 50 && leftOfMany < 20, `${leftOfFew} and ${leftOfMany} bytes left behind for each`)
}
