import type { Claim, IntakeRequest, Store } from 'skein/stores'

/** What a store that is asked for calls has at this moment, up to a number. The claims stay held. */
export function claimNow(
  store: Store,
  { limit, ...request }: Omit<IntakeRequest, 'pulse'> & { readonly limit: number },
): Promise<Claim[]> {
  return new Promise((resolve, reject) => {
    const intake = store.broker.intake(
      { ...request, pulse: false },
      {
        claims: claims => {
          intake.close()
          resolve([...claims])
        },
        cancelling: () => {},
        lost: () => {},
        trouble: error => {
          intake.close()
          reject(error instanceof Error ? error : new Error(String(error)))
        },
      },
    )
    intake.want(limit)
  })
}
