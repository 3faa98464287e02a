import { counting } from './counters.ts'
import { keeping } from './keep.ts'
import { filing } from './filing.ts'
import { chords, follow } from './follow.ts'
import { life } from './life.ts'
import { limiting } from './limits.ts'
import { plainly } from './plain.ts'
import { lines, prelude } from '../prelude.ts'
import { type Script, script } from '../script.ts'
import { stories } from './stories.ts'
import { undoable } from './undo.ts'
import { uniqueness } from './unique.ts'
import { waking } from './waking.ts'

/**
 * Makes a script that changes calls and has a way of its own for plain ones.
 *
 * @param ahead what is done before anything of the engine is there, which takes longer to be made than a plain call to be seen to. It ends the
 *   script where that was all, and leaves the rest
 */
export function engineScript(name: string, ahead: string, rest: string): Script {
  const [base, ...parts] = engine
  return script(name, true, base + ahead, ...parts, rest)
}

/** All that scripts are made of which change calls: what comes first knows nothing of what comes after it. */
export const engine: readonly [string, ...string[]] = [
  prelude + lines + plainly,
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
