import type { Claim, Intake, OutgoingCall, Store } from 'skein/stores'
import type { Script } from '#skein/stores/redis/scripts/script.js'
import type { CuttingProxy } from './cutting-proxy.ts'

/** When a connection is cut, as seen from a script. */
export const moments = ['before its work', 'between its work and its answer'] as const

/** A call of task `t` in queue `q`. */
export function call(id: string, changes: Partial<OutgoingCall> = {}): OutgoingCall {
  return { id, queue: 'q', task: 't', headers: '{}', body: '[[],{},{}]', priority: 0, delay: 0, ...changes }
}

/** Cuts a connection at one command, once; it must have been cut when all is over. */
export async function cutting<T>(
  proxy: CuttingProxy,
  script: Script,
  moment: (typeof moments)[number],
  action: () => Promise<T>,
): Promise<T> {
  const cut = proxy.cutAt(script.sha, moment === 'before its work' ? 'request' : 'answer')
  const done = await action()
  await cut
  return done
}

/** The claims that come within one intake, until there are so many; what they are asked to stop for is told. */
export async function taken(
  from: Store,
  count: number,
  cancelling?: (id: string, reason: string) => void,
): Promise<Claim[]> {
  const claims: Claim[] = []
  let intake: Intake | undefined
  await new Promise<void>(resolve => {
    intake = from.broker.intake(
      { worker: 'w', queues: ['q'], tasks: [], lease: 60_000 },
      {
        claims: each => {
          claims.push(...each)
          if (claims.length >= count) resolve()
        },
        cancelling: (id, reason) => cancelling?.(id, reason),
        lost: () => {},
        trouble: () => {},
      },
    )
    intake.want(count)
  })
  await intake?.stop()
  if (cancelling === undefined) intake?.close()
  return claims
}
