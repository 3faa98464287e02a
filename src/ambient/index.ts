/// <reference types="node" preserve="true" />
/**
 * `import 'skein/ambient'`: makes `current()` work everywhere in a task, also after its awaits and in callbacks.
 *
 * Import it once, before the first task starts, in each program that wants it (and in the task modules, so that workers
 * load it too). It is opt-in because it costs: it uses one AsyncLocalStorage, and on Node 20 and 22 the first use of one
 * makes every `await` in the whole program 3 to 5 times dearer (about 60 ns become 170 to 260 ns), from then on. From
 * Node 24 awaits cost nothing more, and starting a task costs about 0.3 µs. Where that matters, call `current()` before
 * the first `await` and keep the scope in a variable.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type ScopeSource, slot } from '../core/scope/slot.ts'

const storage = new AsyncLocalStorage<ScopeSource | undefined>()

// Another copy of skein in this thread may have installed its own; one is enough, and two would cost twice.
slot.ambient ??= {
  get: () => storage.getStore(),
  run: (source, fn, argument) => storage.run(source, fn, argument),
}
