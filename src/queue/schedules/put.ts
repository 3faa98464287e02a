import { InvalidArgumentError } from '../../core/errors/errors.ts'
import type { Schedules } from '../../stores/roles/schedules.ts'
import { checkTerms, type Definition } from './definition.ts'
import { begun, type Progress } from './progress.ts'
import { isNewer, readSchedule, stateOf } from './stored.ts'

/** A schedule to be written, and the version that it is to have now. */
interface Known {
  readonly version: number
  readonly definition: Definition
  readonly progress: Progress
}

/**
 * Makes a schedule, or gives one that is there another definition. Where the rule stays, it goes on as it was: with its next term, its
 * count, and paused if it is. With another rule it begins anew.
 *
 * **Errors**: `SKEIN_SCHEDULE_RULE` where it would never come due; `SKEIN_INVALID_ARGUMENT` where it has too many bytes.
 */
export async function putSchedule(schedules: Schedules, name: string, definition: Definition): Promise<void> {
  for (;;) {
    const found = await schedules.find(name)
    const known = found && overwritable(found)
    const { now } = await schedules.due(1)
    const goesOn = known !== undefined && ruleText(known.definition) === ruleText(definition)
    if (goesOn && JSON.stringify(known.definition) === JSON.stringify(definition)) return
    if (!goesOn) checkTerms(definition, name, now)
    const { runs = [], paused, latest } = known?.progress ?? {}
    const progress: Progress = goesOn
      ? known.progress
      : {
          ...begun(definition, now),
          runs,
          ...(paused === undefined ? {} : { paused }),
          ...(latest === undefined ? {} : { latest }),
        }
    const to = stateOf(name, definition, progress)
    const [outcome] = await schedules.change([{ name, version: found?.version ?? 0, to }])
    if (outcome?.outcome === 'changed') return
    if (outcome?.outcome !== 'rejected') continue // somebody else was faster
    throw new InvalidArgumentError(
      `Schedule ${name} was not made: it has ${outcome.bytes} bytes, and the store takes ${outcome.limit}. Put large data into a file ` +
        `or an object store, and pass its path or URL.`,
    )
  }
}

/** The definition and progress of a schedule that is to be replaced; undefined for a damaged one, which is made anew. */
function overwritable(found: {
  readonly name: string
  readonly definition: string
  readonly progress: string
}): Omit<Known, 'version'> | undefined {
  try {
    return readSchedule(found)
  } catch (error) {
    // What a newer skein has written is not damaged.
    if (isNewer(found)) throw error
    return undefined
  }
}

/** The part of a definition that decides when a schedule comes due. */
function ruleText({ rule, from, until, jitter, times }: Definition): string {
  return JSON.stringify([rule, from, until, jitter, times])
}
