import type { Comparison, PlaceMeasurement } from './comparison.ts'
import { bytes, placeName, significant, time } from './words.ts'

/** The cells of one row of the decision table, in the order of the glossary. */
export function cellsOf(place: PlaceMeasurement, comparison: Comparison): string[] {
  if (place.skipped !== undefined) return [placeName(place), 'not run', '', '', '', '', '', '']
  const all = place.perInput.median * comparison.inputs
  return [
    placeName(place),
    `${place.complete ? '' : '≈'}${time(all)}`,
    speedUpOf(place, comparison),
    place.coresBusy === undefined ? 'unknown' : place.coresBusy.toFixed(2),
    place.kind === 'sequential' || place.kind === 'loop'
      ? '–'
      : place.memoryPerWorker === undefined
        ? 'unknown'
        : bytes(place.memoryPerWorker),
    place.startUp === undefined ? '–' : time(place.startUp),
    time(place.longestStall),
    place.kind === 'sequential' || place.kind === 'loop'
      ? '–'
      : place.bytesPerInput === undefined
        ? 'unknown'
        : bytes(place.bytesPerInput),
  ]
}

/** The gain over calls one by one, as a factor; undefined where that was not measured. */
export function gainOf(place: PlaceMeasurement, comparison: Comparison): number | undefined {
  const sequential = comparison.places.find(each => each.kind === 'sequential' && each.skipped === undefined)
  return sequential && place.skipped === undefined ? sequential.perInput.median / place.perInput.median : undefined
}

function speedUpOf(place: PlaceMeasurement, comparison: Comparison): string {
  const gain = gainOf(place, comparison)
  if (gain === undefined) return '–'
  const { median, low, high } = place.perInput
  const noise = Math.round(((high - low) / 2 / median) * 100)
  return `${significant(gain)}x${place.rounds > 1 ? ` ±${noise}%` : ''}`
}
