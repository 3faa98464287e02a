import type { Theme } from '../suite.ts'
import { cancelling } from './cancelling.ts'
import { cancellingByForce } from './cancelling-by-force.ts'
import { closing } from './closing.ts'
import { controlling } from './controlling.ts'
import { crashing } from './crashing.ts'
import { deepValues } from './deep-values.ts'
import { durable } from './durable.ts'
import { errors } from './errors.ts'
import { graphs } from './graphs.ts'
import { handingOver } from './handing-over.ts'
import { hostile } from './hostile.ts'
import { jobs } from './jobs.ts'
import { mapping } from './mapping.ts'
import { mappingEndings } from './mapping-endings.ts'
import { modules } from './modules.ts'
import { observing } from './observing.ts'
import { programs } from './programs.ts'
import { queueing } from './queueing.ts'
import { retrying } from './retrying.ts'
import { scoping } from './scoping.ts'
import { stepping } from './stepping.ts'
import { streaming } from './streaming.ts'
import { telling } from './telling.ts'
import { timeouts } from './timeouts.ts'
import { values } from './values.ts'
import { workers } from './workers.ts'

/** Every theme of the suite, in the order in which they are listed in docs/design/conformance.md. */
export const themes: readonly Theme[] = [
  values,
  deepValues,
  handingOver,
  jobs,
  queueing,
  controlling,
  cancelling,
  cancellingByForce,
  timeouts,
  retrying,
  errors,
  modules,
  streaming,
  mapping,
  mappingEndings,
  graphs,
  scoping,
  durable,
  stepping,
  observing,
  telling,
  workers,
  crashing,
  hostile,
  closing,
  programs,
]
