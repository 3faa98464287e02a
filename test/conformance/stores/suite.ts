import { describe } from 'node:test'
import { cancelling } from './themes/cancelling.ts'
import { clocks } from './themes/clocks.ts'
import { closing } from './themes/closing.ts'
import { ending } from './themes/ending.ts'
import { leases } from './themes/leases.ts'
import { limits } from './themes/limits.ts'
import { looking } from './themes/looking.ts'
import { ordering } from './themes/ordering.ts'
import { refusing } from './themes/refusing.ts'
import { reporting } from './themes/reporting.ts'
import { sending } from './themes/sending.ts'
import { signals } from './themes/signals.ts'
import { uniqueness } from './themes/uniqueness.ts'
import type { Subject } from './subject.ts'

const themes = {
  sending,
  ordering,
  clocks,
  leases,
  ending,
  uniqueness,
  limits,
  cancelling,
  reporting,
  looking,
  signals,
  refusing,
  closing,
}

/** Holds a kind of store to the contract. */
export function storeSuite(subject: Subject): void {
  describe(`${subject.name} keeps the contract of stores`, () => {
    for (const [name, theme] of Object.entries(themes)) describe(name, () => theme(subject))
  })
}
