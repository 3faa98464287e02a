import type { Place } from '../suite.ts'

/** The place of that name, for programs that are told where to run. Loads only that one. */
export async function placeNamed(name: string | undefined): Promise<Place> {
  switch (name) {
    case 'loop':
      return (await import('./loop.ts')).loopPlace
    case 'threads':
      return (await import('./threads.ts')).threadsPlace
    case 'processes':
      return (await import('./processes.ts')).processesPlace
    default:
      throw new Error(`No place is called '${String(name)}'`)
  }
}
