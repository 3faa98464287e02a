import type { Sink } from '../endings/sink.ts'
import { isLater, listOf, pairsOf, type Stage } from './stage.ts'

/** The point at which a pass has met a result that has to be waited for, and the lists that it is in the midst of. */
export interface Pause {
  /** The place of the item. */
  readonly at: number
  /** The stage, what went into it, and what it has returned. */
  readonly stage: number
  readonly value: unknown
  readonly result: unknown
  /** From the outside in: the stage whose list it is, the list, and the place in it. */
  readonly lists: readonly (readonly [stage: number, list: readonly unknown[], at: number])[]
}

/** One pass over values: each goes through all stages into the sink before the next one begins. */
export type Pass = (values: ArrayLike<unknown>, from: number, to: number, sink: Sink) => Pause | undefined

/**
 * Makes one loop of all stages and the ending.
 *
 * The loop is written anew for each plan, since a loop that all plans share calls each of their functions through a place that has seen too
 * many of them: the compiler then puts none of them into it, and a short function costs several times as much. Its text
 * holds nothing of the user's: functions and names of properties are handed in. Where Node was told to make no code of texts, there is
 * no pass, and values go one by one (`feed.ts`).
 *
 * @param tasks the tasks of the stages and the ending, in one string: with the same ones a loop is used again
 */
export function makePass(stages: readonly Stage[], sink: Sink, tasks: string): Pass | undefined {
  const text = textOf(stages, sink)
  const key = `${tasks} ${text}`
  let make = made.get(key)
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- see above
    make ??= new Function('stages', 'pause', 'isLater', 'listOf', 'pairsOf', text) as Make
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
  // The latest stand last.
  made.delete(key)
  made.set(key, make)
  for (const oldest of made.keys()) {
    if (made.size <= most) break
    made.delete(oldest)
  }
  return make(stages, pauseAt, isLater, listOf, pairsOf)
}

type Make = (...parts: unknown[]) => Pass

/** The loops that this worker has run last, for the tasks that they were run with: they have been compiled well by now. */
const made = /* @__PURE__ */ new Map<string, Make>()
const most = 64

function pauseAt(
  at: number,
  stage: number,
  value: unknown,
  result: unknown,
  ...lists: Pause['lists'][number][]
): Pause {
  return { at, stage, value, result, lists }
}

/** True where the loop itself puts values together, as it does for what has a step and one value. */
function folds(sink: Sink): sink is Sink & { readonly step: unknown; readonly hasInitial: boolean } {
  return 'step' in sink && 'acc' in sink
}

function textOf(stages: readonly Stage[], sink: Sink): string {
  const setUp: string[] = []
  const body: string[] = ['let v0 = values[i];']
  const lists: string[] = []
  let v = 0
  for (const [at, stage] of stages.entries()) {
    const isProperty = 'property' in stage.does
    setUp.push(`const f${at} = stages[${at}].does.${isProperty ? 'property' : 'fn'};`)
    const made = isProperty ? `v${v}[f${at}]` : `f${at}(v${v})`
    const pause = `if (typeof r${at} === 'object' && r${at} !== null && isLater(r${at})) return pause(i, ${at}, v${v}, r${at}${lists.map(list => `, ${list}`).join('')});`
    body.push(`let r${at} = ${made};`)
    if (!isProperty) body.push(stage.kind === 'map' || stage.kind === 'filter' ? quick(pause, at) : pause)
    if (stage.kind === 'map') body.push(`const v${++v} = r${at};`)
    else if (stage.kind === 'filter') body.push(`if (!r${at}) continue;`)
    else {
      const isJoin = stage.kind === 'join'
      body.push(
        isJoin
          ? `const l${at} = pairsOf(stages[${at}], v${v}, r${at});`
          : `const l${at} = Array.isArray(r${at}) ? r${at} : listOf(r${at});`,
      )
      body.push(`for (let j${at} = 0; j${at} < l${at}.length; j${at}++) {`)
      body.push(`const v${v + 1} = l${at}[j${at}];`)
      lists.push(`[${at}, l${at}, j${at}]`)
      v++
    }
  }
  let before = ''
  let after = ''
  if (folds(sink)) {
    before = 'const step = sink.step; let acc = sink.acc; let has = sink.has; try {'
    after = '} finally { sink.acc = acc; sink.has = has }'
    body.push(
      sink.hasInitial
        ? `acc = step(acc, v${v}); has = true;`
        : `if (has) acc = step(acc, v${v}); else { acc = v${v}; has = true }`,
    )
  } else body.push(`sink.add(v${v});`)
  return `'use strict'; ${setUp.join(' ')} return (values, from, to, sink) => { ${before}
for (let i = from; i < to; i++) {
${body.join('\n')}
${'}'.repeat(lists.length)} } ${after} }`
}

/** Most results are numbers and strings; most objects have no `then`. */
function quick(pause: string, at: number): string {
  return pause.replace(`isLater(r${at})`, `(typeof r${at}.then === 'function' || isLater(r${at}))`)
}
