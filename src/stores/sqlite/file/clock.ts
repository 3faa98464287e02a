import { readFileSync } from 'node:fs'

/** The clocks of the machine, as all its processes see them. */
export interface HostClock {
  /** Milliseconds since the Unix epoch. Somebody may set it. */
  wall(): number
  /** Milliseconds since the machine was started. Never goes back. */
  steady(): number
}

/**
 * The machine's own clocks; or, for tests, two that do not go on until they are turned: [wall, steady] in milliseconds.
 */
export function hostClock(turned?: Float64Array): HostClock {
  if (turned) return { wall: () => turned[0] as number, steady: () => turned[1] as number }
  return { wall: () => Date.now(), steady: () => Number(process.hrtime.bigint() / 1_000_000n) }
}

/**
 * Distinguishes one start of the machine from another, where the system says it. Elsewhere a lease that begins in the
 * future shows that the machine has been started since.
 */
export function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return process.platform
  }
}

/** True where that is so: another start of the machine has another name. */
export function tellsStarts(boot: string): boolean {
  return boot !== process.platform
}
