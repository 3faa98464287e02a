import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'
import { transformSync } from 'esbuild'
import { root } from '../support/paths.ts'
import { ModelError, type Program, type Step, type System } from './explore.ts'

/**
 * The ring of src/threads/ring as a model: not a copy of it, but its own text, in which every access to shared memory and
 * to the port has become a step. What it says about the ring it says about the code.
 */

const files = ['layout', 'sender', 'receiver', 'texts', 'outlet', 'inlet']

/** The methods in which something happens that the other side can see. */
const visible = new Set(
  (
    'load store exchange publish begin hasDrained mustRing look next release sleep wake post postPlain #postWaiting ' +
    'postClone #markIfNeeded postTransfer flush #flushBatches #postBatch arrived take mayRest ring batch write mark ' +
    'isMark read reserve'
  ).split(' '),
)

/** A change to the text of one file: how the model is shown to notice mistakes. */
export interface Mistake {
  readonly file: string
  readonly from: string
  readonly to: string
}

type Step1 = Generator<readonly Step[], unknown, unknown>

interface Classes {
  readonly RingSender: new (control: unknown, layout: Layout) => object
  readonly RingReceiver: new (control: unknown, layout: Layout) => object
  readonly TextSender: new (control: unknown, bytes: undefined, layout: Layout) => TextSending
  readonly TextReceiver: new (control: unknown, bytes: undefined, layout: Layout) => TextReceiving
  readonly Outlet: new (port: object, sender: object, frames: object) => Sending
  readonly Inlet: new (receiver: object, frames: object) => Receiving
}

interface Sending {
  post(message: Message): Step1
  postTransfer(message: Message, transfer: readonly unknown[], refused: (message: Message) => void): Step1
  flush(refused: (message: Message) => void): Step1
}

interface Receiving {
  arrived(batch: unknown): Step1
  take(): Generator<readonly Step[], Message[], unknown>
  mayRest(): Generator<readonly Step[], boolean, unknown>
}

interface TextSending {
  position: number
  reserve(count: number): Generator<readonly Step[], number, unknown>
}

interface TextReceiving {
  release(at: number, count: number): Step1
}

interface Layout {
  readonly size: number
  readonly longest: number
  readonly texts: number
}

/**
 * A message of the model: how many words it takes, 0 when the ring cannot carry it, -1 when not even a clone can; and how many
 * bytes its long text has, if it has one.
 */
interface Message {
  readonly id: number
  readonly words: number
  readonly text: number
}

/** What a sender does: numbers of words as in a message, alone or with a text, `t` for one with a transfer, `f` for a flush. */
export type Script = readonly (number | readonly [words: number, text: number] | 't' | 'f')[]

/** Shared memory as the classes see it: each access is a step. */
interface Memory {
  load(index: number): number
  store(index: number, value: number): void
}

const memory = {
  *load(words: Memory, index: number): Step1 {
    return yield [{ run: () => words.load(index) }]
  },
  *store(words: Memory, index: number, value: number): Step1 {
    return yield [{ run: () => words.store(index, value) }]
  },
  *exchange(words: Memory, index: number, value: number): Step1 {
    const run = (): number => {
      const before = words.load(index)
      words.store(index, value)
      return before
    }
    return yield [{ run }]
  },
}

type Build = (shared: typeof memory) => Classes

const made = new Map<string, Classes>()

function classesWith(mistakes: readonly Mistake[]): Classes {
  const key = JSON.stringify(mistakes)
  let classes = made.get(key)
  if (!classes) {
    const text = files.map(file => modelText(file, mistakes)).join('\n')
    const build = runInThisContext(
      `memory => { ${text}; return { RingSender, RingReceiver, TextSender, TextReceiver, Outlet, Inlet } }`,
    ) as Build
    made.set(key, (classes = build(memory)))
  }
  return classes
}

function modelText(file: string, mistakes: readonly Mistake[]): string {
  let text = readFileSync(join(root, 'src/threads/ring', `${file}.ts`), 'utf8')
  for (const { from, to } of mistakes.filter(each => each.file === file)) {
    assert.ok(text.includes(from), `${file}.ts does not hold '${from}': the mistake has to be made elsewhere`)
    text = text.replace(from, to)
  }
  const plain = transformSync(text, { loader: 'ts', target: 'es2022' }).code
  const body = plain
    .replace(/^import .*$/gm, '')
    .replace(/^export \{[^}]*\};?$/gm, '')
    .replace(/^export /gm, '')
  const generators = body.replace(/^( {2})(#?\w+)(\(.*\) \{)$/gm, (line, indent, name, rest) =>
    visible.has(name as string) ? `${indent}*${name}${rest}` : line,
  )
  // Private fields become plain ones, so that the state of an object can be looked at.
  return withSteps(generators.replaceAll('Atomics.', 'memory.')).replace(/#(?=\w)/g, '_')
}

/** The state of an object: its fields, without the other objects that it works with. */
function stateOf(object: object): string {
  const others = new Set(['_port', '_sender', '_frames', '_receiver', 'control', 'layout', 'bytes'])
  return JSON.stringify(object, (key, value: unknown) => (others.has(key) ? undefined : value))
}

/** Puts `yield*` before each call of a visible method. */
function withSteps(text: string): string {
  const call = /(?:this\.(?:#\w+\.)?|memory\.)(#?\w+)\(/g
  let out = ''
  let from = 0
  for (let match = call.exec(text); match; match = call.exec(text)) {
    if (!visible.has(match[1] as string)) continue
    const open = match.index + match[0].length
    const close = closing(text, open)
    out += `${text.slice(from, match.index)}(yield* ${match[0]}${withSteps(text.slice(open, close))}))`
    from = call.lastIndex = close + 1
  }
  return out + text.slice(from)
}

function closing(text: string, from: number): number {
  let depth = 1
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at
  }
  throw new Error('a call without an end')
}

const head = 0
const textHead = 1
const tail = 16
const asleep = 32
const firstWord = 48

/**
 * One sender that follows a script, one receiver, and the ring and the port between them.
 *
 * @param looks how often the receiver looks although nobody has rung, at any moment: because it expects an answer
 */
export function ringSystem(script: Script, layout: Layout, mistakes: readonly Mistake[] = [], looks = 0): System {
  const words: number[] = new Array<number>(firstWord).fill(0)
  words[asleep] = 1
  const cells: (string | undefined)[] = new Array<string | undefined>(layout.size).fill(undefined)
  /** Written and not yet released: must not be written again. */
  const taken: boolean[] = new Array<boolean>(layout.size).fill(false)
  const published: boolean[] = new Array<boolean>(layout.size).fill(false)
  const textCells: (string | undefined)[] = new Array<string | undefined>(layout.texts).fill(undefined)
  const textsRead = new Set<string>()
  /** Where the text of each message lies that is in the ring. */
  const places = new Map<number, number>()
  const port: ({ more: boolean; messages: readonly Message[] } | undefined)[] = []
  const received: number[] = []
  const sent: number[] = []
  const refused: number[] = []

  const control: Memory = {
    load: index => words[index] as number,
    store: (index, value) => {
      const from = words[index] as number
      if (index === tail) for (let at = from; at < value; at++) published[at % layout.size] = true
      if (index === head) {
        for (let at = from; at < value; at++) published[at % layout.size] = taken[at % layout.size] = false
      }
      if (index === textHead) {
        for (const [at, owner] of textCells.entries()) if (textsRead.has(owner as string)) textCells[at] = undefined
      }
      words[index] = value
    },
  }
  const classes = classesWith(mistakes)

  const put = (at: number, text: string, count: number): void => {
    for (let i = 0; i < count; i++) {
      const place = at - firstWord + i
      if (place < 0 || place >= layout.size) throw new ModelError(`'${text}' is written beyond the ring`)
      if (taken[place]) throw new ModelError(`'${text}' is written over '${cells[place]}', which has not been read`)
      cells[place] = `${text}.${i}`
      taken[place] = true
    }
  }
  const get = (at: number, text: string, count: number): void => {
    for (let i = 0; i < count; i++) {
      const place = at - firstWord + i
      if (!published[place]) throw new ModelError(`'${text}' is read where nothing has been published`)
      if (cells[place] !== `${text}.${i}`) throw new ModelError(`'${text}' is torn: it goes on with '${cells[place]}'`)
    }
  }
  const putText = (at: number, { id, text }: Message): void => {
    for (let place = at; place < at + text; place++) {
      if (place >= layout.texts) throw new ModelError(`the text of 'm${id}' is written beyond the end`)
      const before = textCells[place]
      if (before !== undefined) throw new ModelError(`the text of 'm${id}' is written over that of '${before}'`)
      textCells[place] = `m${id}`
    }
    places.set(id, at)
  }
  const takeBack = ({ id }: Message): void => {
    for (let place = 0; place < layout.texts; place++) if (textCells[place] === `m${id}`) textCells[place] = undefined
  }
  const getText = (at: number, { id, text }: Message): void => {
    for (let place = at; place < at + text; place++) {
      if (textCells[place] !== `m${id}`) throw new ModelError(`the text of 'm${id}' is torn`)
    }
  }
  const messages = new Map<number, Message>()
  const writing = {
    // Words are no steps: whose turn it is to use them has been decided before, and `put` and `get` check that.
    *write(at: number, message: Message): Step1 {
      if (message.text > 0) {
        const { position } = textSender
        const place = yield* textSender.reserve(message.text)
        if (place < 0) return 0
        putText(place, message)
        if (message.words <= 0) {
          // As a message that has something behind its text that the ring cannot carry.
          textSender.position = position
          takeBack(message)
        }
      }
      if (message.words > 0) put(at, `m${message.id}`, message.words)
      return Math.max(0, message.words)
    },
    // oxlint-disable-next-line require-yield
    *mark(at: number): Step1 {
      put(at, 'mark', 1)
      return undefined
    },
  }
  const reading = {
    length: 0,
    isLarge: false,
    // oxlint-disable-next-line require-yield
    *isMark(at: number): Step1 {
      if (!published[at - firstWord]) throw new ModelError('something is read where nothing has been published')
      return cells[at - firstWord] === 'mark.0'
    },
    *read(at: number): Step1 {
      const id = Number(/^m(\d+)\.0$/.exec(cells[at - firstWord] ?? '')?.[1] ?? -1)
      const message = messages.get(id)
      if (!message) throw new ModelError(`a frame begins with '${cells[at - firstWord]}'`)
      get(at, `m${id}`, message.words)
      reading.length = message.words
      reading.isLarge = message.text > 0
      if (message.text > 0) {
        const place = places.get(id) as number
        getText(place, message)
        textsRead.add(`m${id}`)
        yield* textReceiver.release(place, message.text)
      }
      return message
    },
  }
  const sendingPort = {
    *ring(): Step1 {
      return yield [{ run: () => void port.push(undefined) }]
    },
    *batch(more: boolean, batch: readonly Message[]): Step1 {
      return yield [
        {
          run: () => {
            if (batch.some(each => each.words < 0)) throw new Error('cannot be cloned')
            port.push({ more, messages: [...batch] })
          },
        },
      ]
    },
  }

  const textSender = new classes.TextSender(control, undefined, layout)
  const textReceiver = new classes.TextReceiver(control, undefined, layout)
  const ringSender = new classes.RingSender(control, layout)
  const outlet = new classes.Outlet(sendingPort, ringSender, writing)
  const ringReceiver = new classes.RingReceiver(control, layout)
  const inlet = new classes.Inlet(ringReceiver, reading)

  function* sender(): Program {
    const onRefused = (message: Message): void => void refused.push(message.id)
    for (const [id, what] of script.entries()) {
      yield [
        {
          state: () => `${id} ${stateOf(outlet)} ${stateOf(ringSender)} ${stateOf(textSender)} ${refused.join()}`,
          run: () => {},
        },
      ]
      if (what === 'f') {
        yield* outlet.flush(onRefused)
        continue
      }
      const [size, text] = typeof what === 'object' ? what : [what, 0]
      const message = { id, words: size === 't' ? 0 : size, text }
      messages.set(id, message)
      sent.push(id)
      if (what === 't') yield* outlet.postTransfer(message, [], onRefused)
      else yield* outlet.post(message)
    }
    yield* outlet.flush(onRefused)
  }

  // As Listener does it: between two readings the port may have its turn, or not.
  function* receiver(): Program {
    const isReady = (): boolean => port.length > 0
    const next = { isReady, run: () => port.shift() ?? 'bell' }
    let looksLeft = looks
    const state = (): string =>
      `${stateOf(inlet)} ${stateOf(ringReceiver)} ${stateOf(textReceiver)} ${received.join()} ${looksLeft}`
    const goOn = { state: () => `awake ${state()}`, run: () => 'go on' }
    const asleepUntil = { ...next, state: () => `asleep ${state()}` }
    const look = { isReady: () => looksLeft > 0, run: () => (looksLeft--, 'bell') }
    for (;;) {
      const first = yield [asleepUntil, look]
      yield* inlet.arrived(first === 'bell' ? undefined : first)
      for (;;) {
        const got = yield* inlet.take()
        if (got.length === 0) {
          if (yield* inlet.mayRest()) break
          continue
        }
        for (const { id } of got) received.push(id)
        const more = yield [goOn, next]
        if (more !== 'go on') yield* inlet.arrived(more === 'bell' ? undefined : more)
      }
    }
  }

  return {
    programs: [sender(), receiver()],
    shared: () =>
      `${words[head]} ${words[tail]} ${words[asleep]} ${cells.join()} ${words[textHead]} ${textCells.join()} ${JSON.stringify(port)}`,
    end: () => {
      if (words[textHead] !== textSender.position) throw new ModelError('room for texts has been lost')
      const wanted = sent.filter(id => !refused.includes(id))
      if (received.join() === wanted.join()) return
      const what = received.length < wanted.length ? 'nobody is awake, and not all has arrived' : 'the order is wrong'
      throw new ModelError(`${what}: sent ${wanted.join()}, received ${received.join()}`)
    },
  }
}
