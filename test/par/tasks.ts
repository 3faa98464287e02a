import { current, task } from 'skein'

export const double = task(import.meta, (n: number) => n * 2, { name: 'double' })
export const isEven = task(import.meta, (n: number) => n % 2 === 0, { name: 'isEven' })
export const divisors = task(
  import.meta,
  function divisors(n: number): number[] {
    const found: number[] = []
    for (let d = 1; d <= Math.abs(n) && d <= 12; d++) if (n % d === 0) found.push(d)
    return found
  },
  { name: 'divisors' },
)
export const upTo = task(
  import.meta,
  function* upTo(n: number): Generator<number> {
    for (let i = 0; i < Math.abs(n) % 4; i++) yield i
  },
  { name: 'upTo' },
)
export const later = task(
  import.meta,
  async (n: number) => {
    await Promise.resolve()
    return n + 1
  },
  { name: 'later' },
)
export const sometimesLater = task(import.meta, (n: number) => (n % 3 === 0 ? Promise.resolve(n * 10) : n * 10), {
  name: 'sometimesLater',
})
export const evenLater = task(import.meta, async (n: number) => n % 2 === 0, { name: 'evenLater' })
export const severalLater = task(
  import.meta,
  async function* severalLater(n: number): AsyncGenerator<number> {
    yield n
    await Promise.resolve()
    yield -n
  },
  { name: 'severalLater' },
)
export const asText = task(import.meta, (n: number) => `${n};`, { name: 'asText' })
export const concat = task(import.meta, (a: string, b: string) => a + b, { name: 'concat' })
export const add = task(import.meta, (a: number, b: number) => a + b, { name: 'add' })
export const lastDigit = task(import.meta, (n: number) => Math.abs(n) % 10, { name: 'lastDigit' })
export const pushed = task(
  import.meta,
  function pushed(list: number[], n: number): number[] {
    list.push(n)
    return list
  },
  { name: 'pushed' },
)
export const joined = task(import.meta, (a: number[], b: number[]) => [...a, ...b], { name: 'joined' })
export const counted = task(import.meta, (n: number, _item: unknown) => n + 1, { name: 'counted' })
export const byDigit = task(import.meta, (a: number, b: number) => (Math.abs(a) % 10) - (Math.abs(b) % 10), {
  name: 'byDigit',
})
export const contradicts = task(import.meta, (_a: number, _b: number) => Number.NaN, { name: 'contradicts' })
export const words = task(import.meta, (line: string) => line.split(' '), { name: 'words' })
export const fails = task(
  import.meta,
  function fails(n: number): number {
    if (n === 300) throw new RangeError('no 300')
    return n
  },
  { name: 'fails' },
)
export const forever = task(
  import.meta,
  function forever(_n: number): number {
    const s = current()
    for (;;) s.checkpoint()
  },
  { name: 'forever' },
)
export const addLater = task(import.meta, async (a: number, b: number) => a + b, { name: 'addLater' })
export const addPromised = task(import.meta, (a: number, b: number): number => Promise.resolve(a + b) as never, {
  name: 'addPromised',
})
export const nested = task(import.meta, (n: number) => ({ n, list: [n] }), { name: 'nested' })
export const scopeName = task(import.meta, (n: number) => (current() === undefined ? 0 : n), { name: 'scopeName' })
export const parentOf = task(import.meta, (n: number) => Math.floor(n / 2), { name: 'parentOf' })
export const never = task(import.meta, (_n: number) => current().wait(new Promise<number>(() => {})), { name: 'never' })
