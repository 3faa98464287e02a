import { shared } from '../shared.ts'

/** A call that is about to go into a store, as far as a trace wants to know it. */
export interface Carried {
  readonly id: string
  readonly task: string
  readonly queue: string
}

/** @internal Set while calls are traced: the headers that a call gets where it is submitted. Must not throw. */
export const carrier: { headersFor: ((call: Carried) => Readonly<Record<string, string>>) | undefined } =
  /* @__PURE__ */ shared('carrier.1', () => ({ headersFor: undefined }))
