import type { Handover } from '../../call/run/handover.ts'
import type { Gathering } from '../endings/sink.ts'
import type { LaneRun } from './lane-run.ts'

/** So many blocks may wait for their reader, for each place of the executor. */
const aheadForEach = 4
const aheadWithoutLimit = 64

/**
 * Reads what blocks come to, in their order. Lanes take no more from the source while the reader is far behind; leaving the loop stops them.
 *
 * @param open makes the run, of which this gathers the blocks
 */
export async function* readBlocks(
  open: (gathering: Gathering, room: () => Promise<void> | undefined) => Promise<LaneRun>,
  { capacity }: Handover,
): AsyncGenerator<unknown[]> {
  const most = Number.isFinite(capacity) ? capacity * aheadForEach : aheadWithoutLimit
  const waiting: unknown[][] = []
  let onBlock: (() => void) | undefined
  let onRoom: (() => void) | undefined
  let isOver = false
  const gathering: Gathering = {
    block: values => {
      waiting.push(values as unknown[])
      onBlock?.()
    },
    result: () => undefined,
  }
  const room = (): Promise<void> | undefined => {
    return waiting.length < most ? undefined : new Promise(resolve => (onRoom = resolve))
  }
  const run = await open(gathering, room)
  const ended = run.ended.then(() => {
    isOver = true
    onBlock?.()
  })
  run.start()
  try {
    for (;;) {
      const values = waiting.shift()
      if (values !== undefined) {
        if (waiting.length < most) onRoom?.()
        yield values
      } else if (isOver) {
        if (run.failure !== undefined) throw run.failure.error
        return
      } else await new Promise<void>(resolve => (onBlock = resolve))
    }
  } finally {
    if (!isOver) run.stop({ source: 'consumer' })
    await ended
  }
}
