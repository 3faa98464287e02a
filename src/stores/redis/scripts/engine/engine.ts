import { counting } from './counters.ts'
import { keeping } from './keep.ts'
import { filing } from './filing.ts'
import { chords, follow } from './follow.ts'
import { life } from './life.ts'
import { limiting } from './limits.ts'
import { plainly } from './plain.ts'
import { lines, prelude } from '../prelude.ts'
import { stories } from './stories.ts'
import { undoable } from './undo.ts'
import { uniqueness } from './unique.ts'
import { waking } from './waking.ts'

/** All that scripts are made of which change calls: what comes first knows nothing of what comes after it. */
export const engine: readonly [string, ...string[]] = [
  prelude + lines,
  plainly,
  stories,
  uniqueness,
  counting,
  limiting,
  undoable,
  filing,
  chords,
  life,
  keeping,
  follow,
  waking,
]
