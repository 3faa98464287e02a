import type { Store } from '../../stores/roles/store.ts'
import type { MovedCall, MovedMember, Transfer } from '../../stores/roles/transfer.ts'

/** Everything that a store has to move. */
export interface Moved {
  readonly calls: readonly MovedCall[]
  readonly members: readonly MovedMember[]
}

/** Reads all that a store has to move, page by page. */
export async function movedOf(store: Store): Promise<Moved> {
  const transfer = store.transfer as Transfer
  const calls: MovedCall[] = []
  for (let page = await transfer.calls(0); page.length > 0; page = await transfer.calls(page.at(-1)?.place ?? 0))
    calls.push(...page)
  const members: MovedMember[] = []
  for (let page = await transfer.members(); page.length > 0; page = await transfer.members(page.at(-1)))
    members.push(...page)
  return { calls, members }
}
