import { type FirstValues, type CanvasCall, canvasCall, type Sender } from './canvas-call.ts'
import {
  added,
  chainAfter,
  chordOf,
  frozen,
  handOn,
  isMany,
  membersOf,
  resultTree,
  reversed,
  sizeOf,
  stepsOf,
} from './freeze.ts'
import { nameIn, type RawSignature, readSignature, signaturesIn, withOptions, writeSignature } from './signature.ts'

/** A chord whose header is sent: from then on its members are counted. */
export interface StartedChord {
  readonly group: string
  readonly size: number
  /** The record of the group, where the result of a member is itself a list: what the body gets is made by it. */
  readonly saved?: string
}

const nothing: FirstValues = { args: [], marks: [] }

/** Sends canvases: makes the calls of them that are due now, each with the rest of what follows it in its message. */
export class Unfolding {
  readonly calls: CanvasCall[] = []
  readonly chords: StartedChord[] = []
  /** The things that were sent, as Celery lists them among the children of a call: JSON of each. */
  readonly children: string[] = []
  readonly #sender: Sender
  readonly #newId: () => string

  constructor(sender: Sender, newId: () => string) {
    this.#sender = sender
    this.#newId = newId
  }

  /**
   * Sends a signature.
   *
   * @param first the values before its arguments
   * @param rest what follows it, as a message has that: from its end
   * **Errors**: `SKEIN_MALFORMED_MESSAGE` and `SKEIN_INVALID_ARGUMENT`.
   */
  send(signature: RawSignature, first: FirstValues, rest: readonly string[]): void {
    this.#send(frozen(signature, {}, this.#newId), first, rest, true)
  }

  /** Sends several that have nothing to do with each other, as one group: each has its number in it. */
  sendGroup(signatures: readonly RawSignature[], first: FirstValues): void {
    if (signatures.length === 0) return
    const group = this.#newId()
    for (const [index, each] of signatures.entries()) {
      this.#send(frozen(each, { group, index }, this.#newId), first, [], true)
    }
  }

  #send(signature: RawSignature, first: FirstValues, rest: readonly string[], isChild: boolean): void {
    const after = chainAfter(signature, rest)
    switch (signature.kind) {
      case 'chain': {
        const steps = stepsOf([signature], this.#newId)
        const [head] = steps
        const given = signature.immutable ? nothing : first
        if (head !== undefined) this.#send(head, given, [...after, ...reversed(steps)], isChild)
        else if (after.length > 0) this.#send(this.#read(after.at(-1) as string), first, after.slice(0, -1), isChild)
        return
      }
      case 'group':
        if (after.length === 0) return this.#group(signature, first, isChild)
        // A group with a step behind it is the header of a chord.
        return this.#send(
          frozen(chordOf(signature, readSignature(after.at(-1) as string)), {}, this.#newId),
          first,
          after.slice(0, -1),
          isChild,
        )
      case 'chord':
        return this.#chord(signature, first, after, isChild)
      case 'call':
        if (isChild) this.children.push(resultTree(signature))
        this.calls.push(canvasCall(signature, first, after, this.#sender))
    }
  }

  #read(text: string): RawSignature {
    return frozen(readSignature(text), {}, this.#newId)
  }

  #group(signature: RawSignature, first: FirstValues, isChild: boolean): void {
    if (isChild) this.children.push(resultTree(signature))
    const group = nameIn(signature.options.get('task_id')) as string
    for (const [index, each] of membersOf(signature).entries()) {
      this.#send(handOn(frozen(each, { group, index }, this.#newId), signature.options), first, [], false)
    }
  }

  #chord(signature: RawSignature, first: FirstValues, after: readonly string[], isChild: boolean): void {
    const { options, headerOptions } = signature
    const group = nameIn(headerOptions.get('task_id')) as string
    const body = this.#bodyOf(signature, group, after)
    const header = membersOf(signature)
    if (header.length === 0) return this.#send(body, { args: ['[]'], marks: [] }, [], isChild)
    const chord = writeSignature(body)
    const members = header.map((each, index) => frozen(each, { group, index, chord }, this.#newId))
    const trees = members.map(resultTree)
    const tree = `[[${JSON.stringify(group)},null],[${trees.join(',')}]]`
    if (isChild) this.children.push(tree)
    this.chords.push({
      group,
      size: members.reduce((sum, each) => sum + sizeOf(each), 0),
      ...(members.some(isMany) ? { saved: `{"result":${tree}}` } : {}),
    })
    for (const each of members) this.#send(handOn(each, options), first, [], false)
  }

  /** The body of a chord with all that the options of the chord say of it, and what follows it. */
  #bodyOf({ body, options }: RawSignature, group: string, after: readonly string[]): RawSignature {
    // It is the header that waits.
    const others = new Map(options)
    for (const name of ['countdown', 'eta']) others.delete(name)
    const linked = added(
      added(handOn(body as RawSignature, others), 'link', options.get('link')),
      'link_error',
      options.get('link_error'),
    )
    const named = frozen(linked, { id: nameIn(options.get('task_id')), group }, this.#newId)
    const chain = [...after, ...signaturesIn(named.options.get('chain'))]
    return chain.length === 0 ? named : withOptions(named, { chain: `[${chain.join(',')}]` })
  }
}
