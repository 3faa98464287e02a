import type { Random } from './random.ts'

/** What stands in a message in the place of what should be there. */
const odd: readonly string[] = [
  'null',
  'true',
  '-1',
  '0.5',
  '1e999',
  '-0',
  'NaN',
  '-Infinity',
  '12345678901234567890',
  `1${'0'.repeat(5_000)}`,
  '""',
  '"text"',
  '"\\ud800"',
  '"\\u0000"',
  '"2026-13-45T99:99:99"',
  '[]',
  '[[]]',
  '[null,{}]',
  '{}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"__type__":"datetime","__value__":"2026-01-02T00:00:00"}',
  '{"__type__":"datetime","__value__":"never"}',
  '{"__type__":"uuid","__value__":{"hex":"zz"}}',
  '{"__type__":"base64","__value__":"!"}',
  '{"__type__":"unknown","__value__":[]}',
  '{"__skein__":1,"marks":[["map",[]]]}',
  '[["map",[0]],["edge",[1],"0"],["class",[0],"No"],["error",[0]],["view",[0],"Int8Array"]]',
  '{"exc_type":"E","exc_message":null,"exc_module":[]}',
  '{"task":"celery.chain","kwargs":{"tasks":[{}]},"subtask_type":"chain"}',
  '{"task":"celery.group","kwargs":{"tasks":{"task":"a","subtask_type":"group","kwargs":{"tasks":1}}},"subtask_type":"group"}',
  '"pickle"',
  '"application/x-bz2"',
  '"application/x-gzip"',
]

const names: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'compression',
  'task',
  'id',
  'eta',
  'timelimit',
  'skein_marks',
  'skein_retries',
  'skein_kind',
  'skein',
  'marks',
  'chord',
  'chain',
  'kwargs',
  '',
]

const punctuation = '[]{}",:\\ 0e-.\u0000é'

/** A text with something else in it. */
export function mutated(text: string, random: Random): string {
  // Most that is not JSON any more ends at the same place, so values are changed more often than characters.
  return random.below(3) === 0 ? textually(text, random) : structurally(text, random)
}

function textually(text: string, random: Random): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + random.below(40))
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(end)
    case 1:
      return text.slice(0, end) + text.slice(at)
    case 2:
      return text.slice(0, at) + random.of([...punctuation]) + text.slice(at)
    case 3:
      return text.slice(0, at) + random.of(odd) + text.slice(end)
    default:
      return text.slice(0, at)
  }
}

type Holder = Record<string | number, unknown>

/** Stands for a text that is put in as it is: much of it is not a value that JSON.stringify would write. */
const here = '\u0001here\u0001'

function structurally(text: string, random: Random): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return textually(text, random)
  }
  const places: (readonly [holder: Holder, key: string])[] = []
  const collect = (each: unknown): void => {
    if (typeof each !== 'object' || each === null) return
    for (const key of Object.keys(each)) {
      places.push([each as Holder, key])
      collect((each as Holder)[key])
    }
  }
  collect(value)
  if (places.length === 0) return random.of(odd)
  const [holder, key] = random.of(places)
  switch (random.below(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else Reflect.deleteProperty(holder, key)
      break
    case 1:
      // A name more: of those that mean something, and of those that must not.
      if (Array.isArray(holder)) holder.push(here)
      else Object.defineProperty(holder, random.of(names), { value: here, enumerable: true, configurable: true })
      break
    case 2: {
      const [from, name] = random.of(places)
      holder[key] = structuredClone(from[name])
      break
    }
    default:
      holder[key] = here
  }
  return JSON.stringify(value).replaceAll(JSON.stringify(here), () => random.of(odd))
}
