import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isBundled } from '../../core/report/place.ts'
import { TaskDefinitionError } from '../../core/errors/errors.ts'
import { describeTask, type TaskIdentity } from './identity.ts'
import { hasNameOfFunction } from './registry.ts'

/**
 * Refuses a task whose name will not last: a queue knows it by that name for longer than a build lasts, and what bundles, minifies or
 * transforms code renames functions and files without a word.
 *
 * Looked for in the text of the module, which costs nothing until a task is submitted for the first time: a name that stands nowhere
 * in it, or that differs from that of the variable which holds the task, as in `twice = task(import.meta, function twice2`.
 *
 * **Errors**: `SKEIN_TASK_DEFINITION`.
 */
export function checkLastingName(identity: TaskIdentity): void {
  const { name } = identity
  if (isBundled()) {
    if (name.includes('.')) return
    throw unfit(
      identity,
      `it is in a bundle, where neither the name of a file nor that of a function lasts`,
      `module.${name}`,
    )
  }
  if (!hasNameOfFunction(identity)) return
  const text = textOf(identity.url)
  if (text === undefined) return
  const word = `${escaped(name)}(?![\\p{ID_Continue}$])`
  if (!new RegExp(`(?<![\\p{ID_Continue}$])${word}`, 'u').test(text)) {
    throw unfit(identity, `its function was renamed, as '${name}' stands nowhere in that file`, nameBefore(name))
  }
  const holders = holdersOf(word, text)
  const [first] = holders
  if (first === undefined || holders.some(each => nameBefore(each) === name || each === name)) return
  throw unfit(identity, `its function is called '${name}', and what holds it '${first}'`, first)
}

/** The text before the name of a function that is the second argument of a call, or a later one. */
const beforeName = String.raw`,\s*\(?(?:async\s+)?function\s*\*?\s*`
/** The text before that: a variable (and not its type) that gets what the call returns. */
const holder =
  /(?<![\p{ID_Continue}$])(?<!:\s*[\p{ID_Continue}$.]*)([\p{ID_Continue}$]+)\s*=\s*(?:\/\*[^*]*\*\/\s*)?(?:\(0,\s*[\p{ID_Continue}$.()]+\)|[\p{ID_Continue}$.]+)\(\s*[^;=]{0,200}$/u
/** So many characters before the function are looked at: a bundle has millions of them, and many tasks. */
const nearby = 1_000

/** The variables that hold what is made of functions of this name. */
function holdersOf(word: string, text: string): string[] {
  return [...text.matchAll(new RegExp(beforeName + word, 'gu'))].flatMap(({ index }) => {
    const name = holder.exec(text.slice(Math.max(0, index - nearby), index))?.[1]
    return name === undefined ? [] : [name]
  })
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** Bundlers add a number, as in `twice2` or `twice$1`. */
function nameBefore(name: string): string {
  return name.replace(/\$?\d+$/, '') || name
}

function textOf(url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined
  try {
    return readFileSync(fileURLToPath(url), 'utf8')
  } catch {
    return undefined // it may not be read, or is no more: nothing is known against the name
  }
}

function unfit(identity: TaskIdentity, why: string, name: string): Error {
  return new TaskDefinitionError(
    `The name of task ${describeTask(identity)} will not last, and a queue knows it by that: ${why}. ` +
      `Give it a name that no tool can change: task(import.meta, fn, { name: '${name}' }).`,
  )
}
