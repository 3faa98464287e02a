// The other side of contestants/atomics.mjs: gives the turn back as soon as it is told of it.
import { workerData as turn } from 'node:worker_threads'

for (;;) {
  while (Atomics.load(turn, 0) === 0) Atomics.wait(turn, 0, 0)
  Atomics.store(turn, 0, 0)
  Atomics.notify(turn, 0)
}
