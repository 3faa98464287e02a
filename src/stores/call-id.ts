import { randomFillSync } from 'node:crypto'
import { now } from '../core/time/clock.ts'

/** Random bytes are drawn for many ids at once: asking for them is what costs. */
const pool = new Uint8Array(8 * 512)
let used = pool.length
let lastTime = 0
let counter = 0

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * A UUID of version 7: ids that are made one after the other sort in that order, also within a millisecond, which keeps
 * the index of a store compact and lets people see what came first.
 */
export function newCallId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const time = now()
  if (time > lastTime) {
    lastTime = time
    counter = (pool[used] as number) << 2 // not from 0, so that two programs do not go in step
  } else if (++counter > 0xfff) {
    counter = 0
    lastTime++
  }
  const stamp = Math.max(0, Math.floor(lastTime)).toString(16).padStart(12, '0').slice(-12)
  const count = counter.toString(16).padStart(3, '0')
  let random = ''
  for (let i = 0; i < 8; i++) {
    const byte = pool[used++] as number
    random += hex[i === 0 ? (byte & 0x3f) | 0x80 : byte]
  }
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${count}-${random.slice(0, 4)}-${random.slice(4)}`
}
