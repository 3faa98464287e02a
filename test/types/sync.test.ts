import { describe, test } from 'node:test'
import {
  Barrier,
  CapacityLimiter,
  channel,
  type Entrance,
  Lock,
  type Owner,
  Queue,
  type RateEntrance,
  RateLimiter,
  type Receiver,
  type Scope,
  type Sender,
  Semaphore,
} from 'skein'
import { exactly } from './expect.ts'

/** Only compiled. */
export async function types(s: Scope, signal: AbortSignal): Promise<void> {
  const [sender, receiver] = channel<number>()
  exactly<Sender<number>>()(sender)
  exactly<Receiver<number>>()(receiver)
  exactly<number>()(await receiver.receive(s))
  exactly<number | undefined>()(receiver.tryReceive())
  exactly<boolean>()(sender.trySend(1))
  for await (const value of receiver.values(signal)) exactly<number>()(value)
  for await (const value of receiver) exactly<number>()(value)
  // @ts-expect-error a channel of numbers takes no text
  await sender.send('1', s)
  // @ts-expect-error a receiver cannot send
  receiver.send(1)
  // @ts-expect-error there is no such policy
  channel({ overflow: 'drop' })

  exactly<string>()(await new Lock().hold(async () => 'text', s))
  exactly<number>()(await new Semaphore(1).hold(() => 1, signal))
  exactly<number>()(await new CapacityLimiter(1).hold(() => 1))
  exactly<number>()(await new Barrier(1).wait(s))
  const way = new Semaphore(3).with({ priority: 1, weight: 2 })
  exactly<Entrance>()(way)
  exactly<string>()(await way.hold(async () => 'text', s))
  way.priority = 5
  exactly<RateEntrance>()(new RateLimiter({ limit: 1, per: '1s' }).with({ priority: 1 }))
  // @ts-expect-error a lock has one place
  new Lock().with({ weight: 2 })
  // @ts-expect-error the weight of those who wait stays
  way.weight = 1
  // @ts-expect-error an owner is a scope or a signal, not a time
  await new Lock().acquire(1000)
  // @ts-expect-error the limit of a limiter is a number
  new CapacityLimiter('1')

  const queue = new Queue({ order: 'priority', priority: (item: { rank: number }) => item.rank })
  exactly<{ rank: number }>()(await queue.get(s))
  // @ts-expect-error an item without a rank
  await queue.put({})
  const owner: Owner = signal
  await queue.join(owner)
}

describe('the types of what tasks talk and take turns with', () => {
  test('are checked by the compiler', () => {})
})
