import { type Parameter, type SharedField, type SharedType, type Signature, wordsOf } from './signature.ts'

/** A task with the name that its module gives it. */
export interface NamedSignature extends Signature {
  readonly name: string
}

/**
 * A Python module with an object for each task, whose methods have the parameters of the task.
 *
 * @param queue the queue of their calls; undefined for the one that the Python project uses by default
 * @param by the command that makes it, for those who open the module
 */
export function stubsText(tasks: readonly NamedSignature[], queue: string | undefined, by: string): string {
  const classes = new Classes()
  const names = new Map<string, number>()
  const functions = tasks.map(task => taskText(task, ownName(task.name, names), classes))
  const words = [...functions, ...classes.texts].join('\n')
  const typing = ['Any', 'Callable', 'Generic', 'Literal', 'ParamSpec', 'TypedDict', 'TypeVar']
  const used = typing.filter(
    each => !['Literal', 'TypedDict'].includes(each) || new RegExp(`\\b${each}\\b`).test(words),
  )
  return `"""Tasks in TypeScript, which skein's workers run. Written by \`${inDoc(by)}\`: do not change it, run that again."""

from __future__ import annotations

import inspect
${words.includes('datetime') ? 'from datetime import datetime\n' : ''}from typing import TYPE_CHECKING, ${used.join(', ')}

from celery import Signature, current_app
from celery.result import AsyncResult

if TYPE_CHECKING:
    from typing_extensions import NotRequired

P = ParamSpec("P")
R = TypeVar("R")
_left_out: Any = None


class SkeinTask(Generic[P, R]):
    """A task in TypeScript, known by its name. The application is the current one, as for a shared task."""

    def __init__(self, name: str, declared: Callable[P, R]) -> None:
        self.name = name
        self.__doc__ = declared.__doc__
        self.__signature__ = inspect.signature(declared)

    def s(self, *args: Any) -> Signature[R]:
        """Makes a signature for a chain: the result of the task before it comes in front of these arguments."""
        return current_app.signature(self.name, args=args${queue === undefined ? '' : `, queue=${quoted(queue)}`})

    def si(self, *args: P.args, **kwargs: P.kwargs) -> Signature[R]:
        """Makes a signature that has all of its arguments, and takes no others."""
        self.__signature__.bind(*args, **kwargs)
        return self.s(*args).set(immutable=True)

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Sends a call; si(…).apply_async(countdown=10) sends one with options."""
        return self.si(*args, **kwargs).delay()


def _task(name: str) -> Callable[[Callable[P, R]], SkeinTask[P, R]]:
    return lambda declared: SkeinTask(name, declared)

${classes.texts.map(text => `\n${text}\n`).join('')}
${functions.join('\n\n')}`
}

function taskText({ task, about, parameters, returns }: NamedSignature, name: string, classes: Classes): string {
  const names = new Map<string, number>()
  const listed = parameters?.map(each => parameterText(each, ownName(each.name, names), name, classes))
  const list = listed === undefined ? '*args: Any' : withSlash(listed).join(', ')
  const result = classes.typeOf(returns, [name, 'result'])
  const doc = about === undefined ? '' : `    """${inDoc(about)}"""\n`
  return `@_task(${quoted(task)})\ndef ${name}(${list}) -> ${result}:\n${doc}    raise NotImplementedError\n`
}

/** JavaScript has no arguments by name, so those by place are that alone. */
function withSlash(parameters: readonly string[]): readonly string[] {
  const count = parameters.filter(each => !each.startsWith('*')).length
  return count === 0 ? parameters : [...parameters.slice(0, count), '/', ...parameters.slice(count)]
}

function parameterText({ kind, required, type }: Parameter, name: string, task: string, classes: Classes): string {
  const text = classes.typeOf(type, [task, name])
  if (kind === 'rest') return `*${name}: ${text}`
  return `${name}: ${text}${required ? '' : ' = _left_out'}`
}

/** The classes for the objects among the arguments and results. */
class Classes {
  readonly texts: string[] = []
  readonly #names = new Map<string, number>()
  readonly #known = new Map<string, string>()

  /** @param place the words of a name for an object that has none */
  typeOf(type: SharedType, place: readonly string[]): string {
    switch (type.is) {
      case 'any':
        return 'Any'
      case 'none':
        return 'None'
      case 'literal':
        return literalOf(type.values)
      case 'list':
        return `list[${this.typeOf(type.of, place)}]`
      case 'dict':
        return `dict[str, ${this.typeOf(type.of, place)}]`
      case 'tuple':
        // JSON has lists alone.
        return type.of.length === 0 ? 'list[Any]' : `list[${this.#either(type.of, place)}]`
      case 'union':
        return this.#either(type.of, place)
      case 'object':
        return this.#classOf(type.name, type.fields, place)
      default:
        return type.is
    }
  }

  #either(types: readonly SharedType[], place: readonly string[]): string {
    return [...new Set(types.map(each => this.typeOf(each, place)))].join(' | ')
  }

  #classOf(name: string | undefined, fields: readonly SharedField[], place: readonly string[]): string {
    const key = JSON.stringify([name, fields])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const words = name === undefined ? place.flatMap(wordsOf) : wordsOf(name)
    const base = words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')
    const own = numbered(identifier.test(base) && !taken.has(base) ? base : `Task${base}`, this.#names)
    this.#known.set(key, own)
    const typed = fields.map(({ name: field, required, type }) => {
      const text = this.typeOf(type, name === undefined ? [...place, field] : [name, field])
      return [field, required ? text : `NotRequired[${text}]`] as const
    })
    // In a class, a field would hide a type of its name.
    const areNames = typed.every(([field]) => identifier.test(field) && !keywords.has(field) && !taken.has(field))
    this.texts.push(
      areNames
        ? `class ${own}(TypedDict):\n${typed.map(([field, type]) => `    ${field}: ${type}\n`).join('') || '    pass\n'}`
        : `${own} = TypedDict("${own}", {${typed.map(([field, type]) => `${quoted(field)}: ${quoted(type)}`).join(', ')}})\n`,
    )
    return own
  }
}

function literalOf(values: readonly (string | number | boolean)[]): string {
  const shown = values.map(each => (typeof each === 'string' ? quoted(each) : String(each)))
  const fit = values.every(each => typeof each !== 'number' || Number.isSafeInteger(each))
  return fit ? `Literal[${shown.map(each => ({ true: 'True', false: 'False' })[each] ?? each).join(', ')}]` : 'float'
}

/** `countPrimes` is `count_primes`, as names are in Python; each name once. */
function ownName(name: string, names: Map<string, number>): string {
  const words = wordsOf(name).map(word => word.toLowerCase())
  const text = words.join('_')
  const safe = identifier.test(text) ? text : `task_${text}`
  return numbered(keywords.has(safe) || taken.has(safe) ? `${safe}_` : safe, names)
}

function numbered(name: string, names: Map<string, number>): string {
  const before = names.get(name) ?? 0
  names.set(name, before + 1)
  return before === 0 ? name : `${name}_${before + 1}`
}

const identifier = /^[\p{L}_][\p{L}\p{N}_]*$/u
const keywords: ReadonlySet<string> = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not ' +
    'or pass raise return try while with yield'
  ).split(' '),
)
/** Names that the module itself has. */
const taken: ReadonlySet<string> = new Set(
  (
    'inspect datetime P R Any AsyncResult Callable Generic Literal NotRequired ParamSpec Signature SkeinTask TYPE_CHECKING TypedDict TypeVar current_app ' +
    'annotations bool bytes dict float int list str'
  ).split(' '),
)

/** A string as Python writes it. Its escapes are those of JSON. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u{10ffff}]/gu, each =>
    each.length === 1 ? `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}` : each,
  )
}

function inDoc(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
