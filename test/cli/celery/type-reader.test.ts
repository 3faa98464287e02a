import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DeclaredModule } from '#skein/cli/celery/declared.js'
import { TypeReader } from '#skein/cli/celery/type-reader.js'

// oxlint-disable-next-line no-explicit-any
type Loose = any

const any = { is: 'any' }
const str = { is: 'str' }
const float = { is: 'float' }
const none = { is: 'none' }

/** A module as the compiler writes it, and one that it imports. */
function taskIn(text: string, others: Readonly<Record<string, string>> = {}): Loose {
  const texts = new Map([['/work/tasks', text], ...Object.entries(others)])
  return TypeReader.task(new DeclaredModule('/work/tasks', texts), 'work')
}

function typeOf(type: string, before = ''): Loose {
  return taskIn(`${before}\nexport declare const work: import("skein").Task<(x: ${type}) => void>;`)?.parameters[0].type
}

describe('a type out of a declaration file', () => {
  const cases: readonly (readonly [string, Loose])[] = [
    ['string', str],
    ['readonly number[]', { is: 'list', of: float }],
    ['(string | null)[]', { is: 'list', of: { is: 'union', of: [str, none] } }],
    ['Array<Array<bigint>>', { is: 'list', of: { is: 'list', of: { is: 'int' } } }],
    ['Record<string, Date>', { is: 'dict', of: { is: 'datetime' } }],
    ['{ [key: string]: number; }', { is: 'dict', of: float }],
    ['Uint8Array<ArrayBufferLike>', { is: 'bytes' }],
    ['[a: string, b: number]', { is: 'tuple', of: [str, float] }],
    ['[string, ...number[]]', { is: 'list', of: any }],
    ['"a" | \'b\' | 3 | -1', { is: 'literal', values: ['a', 'b', 3, -1] }],
    ['true | false | null', { is: 'union', of: [{ is: 'bool' }, none] }],
    ['boolean', { is: 'bool' }],
    ['`a${string}`', str],
    ['string & { readonly brand: "id" }', str],
    ['unknown', any],
    ['Map<string, number>', any],
    ['() => void', any],
    ['<T>(x: T) => T', any],
    ['new () => Date', any],
    ['keyof typeof globalThis', any],
    ['string extends number ? 1 : { a: 2 }', any],
    ['Promise<string>', str],
    ['import("./other").Gone', any],
    ['NonNullable<string | null>', str],
    [
      '{ readonly a: string; "b c"?: number | undefined; run(x: string): void; get d(): 1; }',
      {
        is: 'object',
        fields: [
          { name: 'a', required: true, type: str },
          { name: 'b c', required: false, type: float },
          { name: 'd', required: true, type: { is: 'literal', values: [1] } },
        ],
      },
    ],
    ['{ (x: string): void; a: 1 }', any],
    ['{ [K in "a" | "b"]: string }', any],
    ['Pick<{ a: string; b: number }, "a">', { is: 'object', fields: [{ name: 'a', required: true, type: str }] }],
    [
      'Partial<Omit<{ a: string; b: number }, "a">>',
      { is: 'object', fields: [{ name: 'b', required: false, type: float }] },
    ],
  ]
  for (const [type, expected] of cases) {
    test(`is read: ${type}`, () => assert.deepEqual(typeOf(type), expected))
  }

  test('is written out where a name stands for it, with the arguments of that name and what it extends', () => {
    const before = `
/** Not a type: interface Trap { a: 1 } */
interface Base<T> { id: T; note: string }
export interface Order extends Base<number> { note: null; lines: Line[] }
type Line = { sku: string }
export type Pair<A, B = string> = readonly [A, B];`
    assert.deepEqual(typeOf('Order', before), {
      is: 'object',
      name: 'Order',
      fields: [
        { name: 'id', required: true, type: float },
        { name: 'note', required: true, type: none },
        {
          name: 'lines',
          required: true,
          type: {
            is: 'list',
            of: { is: 'object', name: 'Line', fields: [{ name: 'sku', required: true, type: str }] },
          },
        },
      ],
    })
    assert.deepEqual(typeOf('Pair<number, null>', before), { is: 'tuple', of: [float, none] })
  })

  test('may lead back to itself, which has no end, and is then anything', () => {
    const tree = typeOf('Tree', 'interface Tree { name: string; children: Tree[] }')
    assert.deepEqual(tree.fields[1].type, { is: 'list', of: any })
    assert.deepEqual(typeOf('A', 'type A = B; type B = A;'), any)
    const deep = (open: string, close: string): string => open.repeat(50_000) + close.repeat(50_000)
    assert.equal(typeOf(deep('[', ']')).is, 'tuple')
    assert.equal(typeOf(deep('{ a: ', '}')).is, 'object')
    assert.equal(typeOf(deep('(', ')')).is, 'any')
    assert.equal(typeOf('['.repeat(50_000)), undefined)
  })

  test('is read to its end, whatever stands there', () => {
    const words =
      '( ) [ ] { } < > , ; : ? | & = => ... . readonly get set new keyof typeof infer is asserts extends import("./a") a B Date string "x" 1 -1 1n `t`'.split(
        ' ',
      )
    const soup = fc.array(fc.constantFrom(...words), { maxLength: 60 })
    fc.assert(
      fc.property(soup, fc.nat(70), (tokens, depth) => {
        const text = `${'['.repeat(depth)}${tokens.join(' ')}${']'.repeat(depth)}`
        const module = `type B = ${tokens.join(' ')}\nexport declare const work: Task<(x: ${text}) => B>;`
        const found = taskIn(module)
        assert.ok(found === undefined || Array.isArray(found.parameters))
      }),
      { numRuns: 2_000 },
    )
  })

  test('may stand in another module', () => {
    const text = `
import type { Order as Bought, Other } from './shop/index.ts';
import { Size } from "some-package";
export declare const work: Task<(a: Bought, b: Size, c: import("./size.js").Size, d: Other) => Promise<Bought[]>>;`
    const { parameters, returns } = taskIn(text, {
      '/work/shop/index': 'export interface Order { id: string }\nexport { Other } from "../size.js"',
      '/work/size': 'export type Size = "s" | "l"; export type Other = 1',
    })
    const order = { is: 'object', name: 'Order', fields: [{ name: 'id', required: true, type: str }] }
    assert.deepEqual(
      parameters.map((each: Loose) => each.type),
      [order, any, { is: 'literal', values: ['s', 'l'] }, { is: 'literal', values: [1] }],
    )
    assert.deepEqual(returns, { is: 'list', of: order })
  })
})

describe('a task out of a declaration file', () => {
  test('has the parameters of its function', () => {
    const { parameters, returns } = taskIn(
      'export declare const work: Task<(this: Date, { a, b }: { a: 1 }, second?: string | undefined, ...rest: number[]) => asserts second>;',
    )
    assert.deepEqual(
      parameters.map((each: Loose) => [each.name, each.kind, each.required, each.type.is]),
      [
        ['argument1', 'place', true, 'object'],
        ['second', 'place', false, 'str'],
        ['rest', 'rest', false, 'float'],
      ],
    )
    assert.deepEqual(returns, none)
  })

  test('says of itself what its comment begins with', () => {
    const module = new DeclaredModule(
      '/a',
      new Map([
        [
          '/a',
          '/** Another. */\nexport declare const other: 1;\n/**\n * Does\n * it.\n *\n * More.\n */\nexport declare const work: 1;',
        ],
      ]),
    )
    assert.equal(module.aboutOf('work'), 'Does it.')
    assert.equal(module.aboutOf('other'), 'Another.')
    assert.equal(module.aboutOf('none'), undefined)
  })

  test('is nothing where there is none, or where nothing is known of its type', () => {
    for (const text of [
      '',
      'export declare const other: Task<() => void>;',
      'export declare const work: any;',
      'export declare const work: Task<AnyFunction>;',
      'export declare function work(): void;',
      'export declare const work: Task<',
    ]) {
      assert.equal(taskIn(text), undefined, text)
    }
  })
})
