/** What a store has to claim at this moment, up to `limit`. */
export function claimNow(store, { limit, ...request }) {
  return new Promise((resolve, reject) => {
    const over = settle => value => {
      intake.close()
      settle(value)
    }
    const intake = store.broker.intake(request, {
      claims: over(resolve),
      cancelling: () => {},
      lost: () => {},
      trouble: over(reject),
    })
    intake.want(limit)
  })
}
