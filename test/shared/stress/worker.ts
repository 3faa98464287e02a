// A Worker of the program's own, which does one thing after another until it is terminated.
import { setImmediate as turn } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { acts } from './acts.ts'
import { type PackedThings, unpack } from './things.ts'

const { forms, seat, seed } = workerData as { forms: PackedThings; seat: number; seed: number }
const things = unpack(forms)
const list = Object.values(acts)
let state = seed
const random = (below: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
  return (state >>> 8) % below
}

for (let n = 0; ; n++) {
  const act = list[random(list.length)] as (typeof list)[number]
  const fault = await act(things, seat)
  if (fault !== undefined) Atomics.compareExchange(things.fault.view, 0, 0, fault)
  Atomics.add(things.rounds.view, seat, 1)
  if (n % 16 === 0) await turn()
}
