import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { contractsText, exportNames, typescriptOf } from '#skein/cli/celery/contracts-text.js'
import type { Parameter, SharedType, Signature } from '#skein/cli/celery/signature.js'

const any: SharedType = { is: 'any' }
const int: SharedType = { is: 'int' }
const float: SharedType = { is: 'float' }
const str: SharedType = { is: 'str' }

function parameter(kind: Parameter['kind'], name: string, type: SharedType, required = true): Parameter {
  return { kind, name, type, required }
}

/** The contract of a task with these parameters, without its name. */
function contractOf(parameters: readonly Parameter[], more: Partial<Signature> = {}): string {
  const text = contractsText([{ task: 'proj.work', parameters, returns: any, ...more }], 'skein celery types')
  return text.slice(text.indexOf('contract<') + 'contract'.length).trim()
}

describe('a contract that is written', () => {
  const cases: readonly (readonly [what: string, Parameter[], contract: string])[] = [
    [
      'arguments by place',
      [parameter('either', 'x', int), parameter('place', 'y', str)],
      `<(x: number, y: string) => unknown>('proj.work')`,
    ],
    [
      'what may be left out, by its name',
      [parameter('either', 'x', int), parameter('either', 'y', int, false)],
      `<(x: number, options?: { readonly y?: number }) => unknown>('proj.work', { keywords: true })`,
    ],
    [
      'options that must be there where the argument before them may be an object',
      [parameter('either', 'order', any), parameter('either', 'y', str, false)],
      `<(order: unknown, options: { readonly y?: string }) => unknown>('proj.work', { keywords: true })`,
    ],
    [
      'arguments that must have a name',
      [parameter('named', 'by', str), parameter('named', 'class', str, false)],
      `<(options: { readonly by: string; readonly class?: string }) => unknown>('proj.work', { keywords: true })`,
    ],
    [
      'as many as there are',
      [parameter('either', 'a', str, false), parameter('rest', 'more', str, false)],
      `<(a?: string, ...more: readonly string[]) => unknown>('proj.work')`,
    ],
    [
      'as many as there are, and names',
      [parameter('rest', 'args', str, false), parameter('named-rest', 'kwargs', any, false)],
      `<(...args: [...args: readonly string[], options: { readonly [name: string]: unknown }]) => unknown>('proj.work', { keywords: true })`,
    ],
    [
      'what can have no name and may be left out',
      [parameter('place', 'a', str), parameter('place', 'b', str, false), parameter('either', 'c', str, false)],
      `<(...args: [a: string, options?: { readonly c?: string }] | [a: string, b: string, options?: { readonly c?: string }]) => unknown>('proj.work', { keywords: true })`,
    ],
    ['a word that is taken', [parameter('either', 'new', str)], `<(new_: string) => unknown>('proj.work')`],
    [
      'floats alone',
      [parameter('either', 'x', float), parameter('either', 'name', str)],
      `<(x: number, name: string) => unknown>('proj.work', { floats: true })`,
    ],
    [
      'floats beside integers',
      [
        parameter('either', 'n', int),
        parameter('either', 'x', { is: 'list', of: float }),
        parameter('named', "it's", float),
      ],
      `<(n: number, x: readonly number[], options: { readonly 'it\\'s': number }) => unknown>('proj.work', { keywords: true, floats: [1, 'it\\'s'] })`,
    ],
    [
      'numbers of either kind as they are',
      [parameter('either', 'x', { is: 'union', of: [int, float] }), parameter('either', 'y', any)],
      `<(x: number, y: unknown) => unknown>('proj.work')`,
    ],
  ]
  for (const [what, parameters, expected] of cases) {
    test(`has ${what}`, () => assert.equal(contractOf(parameters), expected))
  }

  test('has only a name where no more is known', () => {
    const text = contractsText([{ task: 'proj.work', returns: any }], 'skein celery types')
    assert.match(text, /export const work = contract<\(\.\.\.args: unknown\[\]\) => unknown>\('proj\.work'\)\n$/)
  })

  test('says what the task says of itself, and cannot be broken out of', () => {
    const text = contractsText([{ task: "a'\n.b", about: 'Ends */ here', returns: any, ignoresResult: true }], 'x')
    assert.match(
      text,
      /\/\*\* Ends \*\u200b\/ here Its result is not kept: .+ \*\/\nexport const b = .+\('a\\'\\n\.b'\)/,
    )
  })
})

describe('the name of a contract', () => {
  const names = (...tasks: string[]): (string | undefined)[] => {
    const found = exportNames(tasks)
    return tasks.map(task => found.get(task))
  }

  test('is the end of that of the task, and longer where two have the same', () => {
    assert.deepEqual(names('mail.send_all', 'proj.HTML'), ['sendAll', 'html'])
    assert.deepEqual(names('a.mail.send', 'b.mail.send', 'mail.other'), ['aMailSend', 'bMailSend', 'other'])
    assert.deepEqual(names('send', 'a.send'), ['send', 'aSend'])
  })

  test('is always one that can be written, and each is another', () => {
    assert.deepEqual(names('proj.delete', 'new', 'größe/2', '1', '', '!'), [
      'projDelete',
      'newTask',
      'größe2',
      'task1',
      'task',
      'task2',
    ])
    assert.equal(new Set(names('a.b', 'A.b', 'a_b')).size, 3)
    assert.equal(names('contract')[0], 'contractTask')
  })
})

test('types are written as TypeScript has them', () => {
  const shown: readonly (readonly [SharedType, string])[] = [
    [{ is: 'list', of: { is: 'union', of: [str, { is: 'none' }] } }, 'readonly (string | null)[]'],
    [{ is: 'list', of: { is: 'list', of: int } }, 'readonly (readonly number[])[]'],
    [{ is: 'list', of: { is: 'literal', values: ['a', 1, true] } }, `readonly ('a' | 1 | true)[]`],
    [{ is: 'union', of: [int, float, { is: 'datetime' }] }, 'number | Date'],
    [{ is: 'tuple', of: [{ is: 'bytes' }, { is: 'bool' }] }, 'readonly [Uint8Array, boolean]'],
    [{ is: 'dict', of: any }, 'Readonly<Record<string, unknown>>'],
    [{ is: 'object', fields: [] }, 'Readonly<Record<string, never>>'],
    [
      {
        is: 'list',
        of: { is: 'object', fields: [{ name: 'a b', required: true, type: { is: 'union', of: [int, str] } }] },
      },
      `readonly { readonly 'a b': number | string }[]`,
    ],
  ]
  for (const [type, text] of shown) assert.equal(typescriptOf(type), text)
})
