import { nameIn, type RawSignature, signaturesIn, withOptions, writeSignature } from './signature.ts'

/**
 * The things that are settled of a canvas before any of it is sent: the steps of a chain, which group is the header of a chord, and the ids by which
 * its calls are known. All by Celery's rules, so that both languages come to the same.
 *
 * @module
 */

/** The part that the last call of a canvas has in others. */
export interface Role {
  /** Its id, where it has none of its own. */
  readonly id?: string | undefined
  /** The group that it belongs to, unless it has one. */
  readonly group?: string | undefined
  readonly index?: number | undefined
  /** JSON: the body of the chord that it is counted in. */
  readonly chord?: string | undefined
}

/** Options of a chain or a chord that go to what is sent first. */
const handedOn = ['queue', 'priority', 'countdown', 'eta', 'expires', 'time_limit', 'soft_time_limit'] as const

/**
 * The steps of a chain, or of anything else, one after the other. A chain in there is taken apart, a group of one is that one, and a
 * group with a step behind it is the header of a chord.
 */
export function stepsOf(signatures: readonly RawSignature[], newId: () => string): readonly RawSignature[] {
  const steps: RawSignature[] = []
  for (const each of signatures.flatMap(one => (one.kind === 'chain' ? linked(one, newId) : [one]))) {
    const step = each.kind === 'group' && each.tasks.length === 1 ? (each.tasks[0] as RawSignature) : each
    if (step.kind === 'chain') steps.push(...stepsOf([step], newId))
    else steps.push(step)
  }
  const joined: RawSignature[] = []
  for (const step of steps) {
    if (isEmpty(step) && steps.length > 1) continue
    const before = joined.at(-1)
    if (before?.kind === 'group') joined.splice(-1, 1, chordOf(before, step))
    else joined.push(step)
  }
  return joined
}

function isEmpty({ kind, tasks }: RawSignature): boolean {
  return kind === 'group' && tasks.length === 0
}

/** A group and what follows it. */
export function chordOf(header: RawSignature, body: RawSignature): RawSignature {
  return {
    ...header,
    kind: 'chord',
    tasks: header.tasks,
    headerOptions: header.options,
    options: new Map(),
    body,
  }
}

/** The steps of a chain, with what its options say of the first, the last and all of them. */
function linked({ tasks, options, args, immutable }: RawSignature, newId: () => string): readonly RawSignature[] {
  const steps = [...stepsOf(tasks, newId)]
  const [first] = steps
  if (first === undefined) return []
  steps[0] = handOn(immutable ? first : { ...first, args: [...args, ...first.args] }, options)
  const last = added(steps.at(-1) as RawSignature, 'link', options.get('link'))
  steps[steps.length - 1] = frozen(last, roleIn(options), newId)
  return steps.map(step => added(step, 'link_error', options.get('link_error')))
}

/** The options of a chain or a chord that are meant for what is sent first of it. */
export function handOn(signature: RawSignature, options: RawSignature['options']): RawSignature {
  const changes: Record<string, string> = {}
  for (const name of handedOn) {
    const text = options.get(name)
    if (text !== undefined && text !== 'null') changes[name] = text
  }
  return withOptions(signature, changes)
}

/** The part that a signature has in something else, by its options. */
function roleIn(options: RawSignature['options']): Role {
  const index = Number(options.get('group_index'))
  const chord = options.get('chord')
  return {
    id: nameIn(options.get('task_id')),
    group: nameIn(options.get('group_id')),
    ...(options.has('group_index') && Number.isInteger(index) ? { index } : {}),
    ...(chord?.startsWith('{') ? { chord } : {}),
  }
}

/** A signature with more signatures in one of its options; in a chord they belong to its body. */
export function added(signature: RawSignature, option: 'link' | 'link_error', more: string | undefined): RawSignature {
  const signatures = signaturesIn(more)
  if (signatures.length === 0) return signature
  const { kind, body, tasks } = signature
  if (kind === 'chord' && body !== undefined) return { ...signature, body: added(body, option, more) }
  if (kind === 'group') return { ...signature, tasks: tasks.map(each => added(each, option, more)) }
  // Once each: a chain whose steps have it already may be read again.
  const all = [...new Set([...signaturesIn(signature.options.get(option)), ...signatures])]
  return withOptions(signature, { [option]: `[${all.join(',')}]` })
}

/**
 * A signature whose calls have the ids by which others will know them, and whose last call has a role. What has an id, or a group,
 * keeps that.
 */
export function frozen(signature: RawSignature, role: Role, newId: () => string): RawSignature {
  const { kind, options, body } = signature
  const id = nameIn(options.get('task_id')) ?? role.id ?? newId()
  switch (kind) {
    case 'call':
      return withOptions(signature, {
        task_id: JSON.stringify(id),
        ...(role.group !== undefined && nameIn(options.get('group_id')) === undefined
          ? { group_id: JSON.stringify(role.group) }
          : {}),
        ...(role.index === undefined ? {} : { group_index: `${role.index}` }),
        ...(role.chord === undefined ? {} : { chord: role.chord }),
      })
    case 'chain': {
      const steps = stepsOf([signature], newId).map(step => frozen(step, {}, newId))
      const last = steps.at(-1)
      if (last === undefined) return signature
      steps[steps.length - 1] = frozen(last, { ...role, id }, newId)
      const lastId = endOf(steps.at(-1) as RawSignature).options.get('task_id') as string
      // The last step has them now.
      const moved = { link: undefined, group_id: undefined, group_index: undefined, chord: undefined }
      return { ...withOptions(signature, { ...moved, task_id: lastId }), args: [], tasks: steps }
    }
    case 'group': {
      const own = roleIn(options)
      const place = { group: role.group ?? own.group, chord: role.chord ?? own.chord }
      const members = membersOf(signature).map((each, index) => frozen(each, { ...place, index }, newId))
      return { ...withOptions(signature, { task_id: JSON.stringify(id) }), tasks: members }
    }
    case 'chord': {
      if (body === undefined) return signature
      const header = nameIn(signature.headerOptions.get('task_id')) ?? newId()
      const headerOptions = new Map(signature.headerOptions).set('task_id', JSON.stringify(header))
      return { ...signature, headerOptions, body: frozen(body, role, newId) }
    }
  }
}

/**
 * The members of a group or of the header of a chord: a group in there is taken apart, and a chain of nothing is none. In the header
 * of a chord Celery has the members of such a group from its last to its first, and the results in that order.
 */
export function membersOf({ kind, tasks }: RawSignature, isInner: boolean = false): readonly RawSignature[] {
  const ordered = isInner && kind === 'chord' ? [...tasks].reverse() : tasks
  return ordered.flatMap(each => {
    if (each.kind === 'group') return membersOf(kind === 'chord' ? { ...each, kind } : each, true)
    return each.kind === 'chain' && each.tasks.length === 0 ? [] : [each]
  })
}

/** The part of a canvas that has its result: of a chain the last step, of a chord the body. */
function endOf(signature: RawSignature): RawSignature {
  if (signature.kind === 'chord' && signature.body !== undefined) return endOf(signature.body)
  const last = signature.kind === 'chain' ? signature.tasks.at(-1) : undefined
  return last === undefined ? signature : endOf(last)
}

/** The number of calls of a canvas that are counted in the chord whose header it is part of. */
export function sizeOf({ kind, tasks, body }: RawSignature): number {
  if (kind === 'call') return 1
  if (kind === 'chord') return body === undefined ? 0 : sizeOf(body)
  if (kind === 'group') return tasks.reduce((sum, each) => sum + sizeOf(each), 0)
  for (const each of [...tasks].reverse()) {
    const size = sizeOf(each)
    if (size > 0) return size
  }
  return 0
}

/** The place of the result of a frozen canvas, as Celery writes it down: `[[id, null], null]`, of a group with those of its members. */
export function resultTree(signature: RawSignature): string {
  const end = endOf(signature)
  const id = end.options.get('task_id') ?? 'null'
  return end.kind === 'group' ? `[[${id},null],[${end.tasks.map(resultTree).join(',')}]]` : `[[${id},null],null]`
}

/** True for a canvas whose result is that of several calls. */
export function isMany(signature: RawSignature): boolean {
  return endOf(signature).kind === 'group'
}

/** The rest that is to follow the last call of a canvas, its own chain put before it. Both are written from their end. */
export function chainAfter({ options }: RawSignature, rest: readonly string[]): readonly string[] {
  return [...rest, ...signaturesIn(options.get('chain'))]
}

/** The steps behind the first one as a message has them: from their end. */
export function reversed(steps: readonly RawSignature[]): string[] {
  return steps.slice(1).reverse().map(writeSignature)
}
