import { randomFillSync } from 'node:crypto'
import { now } from '../core/time/clock.ts'

/** The random part of so many ids is drawn at once: asking for it, and writing it down, is what costs. */
const drawn = 512
const bytesOfEach = 8
const digitsOfEach = 2 * bytesOfEach
const bytes = Buffer.alloc(drawn * bytesOfEach)
let randomDigits = ''
let used = drawn
let lastTime = 0
let counter = 0
/** The time of the last id as it is written: many are made within one millisecond. */
let stampedTime = -1
let stamp = ''

/**
 * A UUID of version 7: ids that are made one after the other sort in that order, also within a millisecond, which keeps
 * the index of a store compact and lets people see what came first.
 */
export function newCallId(): string {
  if (used === drawn) draw()
  const time = now()
  if (time > lastTime) {
    lastTime = time
    counter = (bytes[used * bytesOfEach + 1] as number) << 2 // not from 0, so that two programs do not go in step
  } else if (++counter > 0xfff) {
    counter = 0
    lastTime++
  }
  if (lastTime !== stampedTime) {
    stampedTime = lastTime
    const digits = Math.max(0, Math.floor(lastTime)).toString(16).padStart(12, '0').slice(-12)
    stamp = `${digits.slice(0, 8)}-${digits.slice(8)}-7`
  }
  const at = used++ * digitsOfEach
  const count = (counter | 0x1000).toString(16).slice(1)
  return `${stamp}${count}-${randomDigits.slice(at, at + 4)}-${randomDigits.slice(at + 4, at + digitsOfEach)}`
}

function draw(): void {
  randomFillSync(bytes)
  // The upper two bits of each say which variant of UUIDs it is: 10.
  for (let at = 0; at < bytes.length; at += bytesOfEach) bytes[at] = ((bytes[at] as number) & 0x3f) | 0x80
  randomDigits = bytes.toString('hex')
  used = 0
}
