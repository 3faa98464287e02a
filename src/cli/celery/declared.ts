import { dirname, join } from 'node:path'
import { withoutEnding } from './declarations.ts'
import { behindClosing, placeOf, tokensOf } from './type-tokens.ts'

/** A name that a module declares: where its type begins, and the names of its type parameters. */
export interface Declared {
  readonly module: DeclaredModule
  readonly kind: 'const' | 'type' | 'interface'
  readonly name: string
  readonly start: number
  readonly parameters: readonly string[]
}

/** The declarations of one module. */
export class DeclaredModule {
  readonly tokens: readonly string[]
  readonly #text: string
  readonly #path: string
  readonly #texts: ReadonlyMap<string, string>
  readonly #others: Map<string, DeclaredModule>
  readonly #own = new Map<string, Declared>()
  /** The names of others, and other names of its own, for which it says from nowhere. */
  readonly #imported = new Map<string, readonly [name: string, from: string | undefined]>()

  /**
   * @param path of the module, without its ending
   * @param texts those of all modules
   */
  constructor(path: string, texts: ReadonlyMap<string, string>, others: Map<string, DeclaredModule> = new Map()) {
    this.#path = path
    this.#texts = texts
    this.#others = others
    this.#text = texts.get(path) ?? ''
    this.tokens = tokensOf(this.#text)
    others.set(path, this)
    this.#read()
  }

  /** The declaration of a name, in whichever module it stands; undefined where there is none, as for one of a package. */
  find(name: string): Declared | undefined {
    const own = this.#own.get(name)
    if (own !== undefined) return own
    const [there, from] = this.#imported.get(name) ?? []
    if (there === undefined) return undefined
    return from === undefined ? this.#own.get(there) : this.at(from)?.find(there)
  }

  /** The module that is meant by a path in this one. */
  at(specifier: string): DeclaredModule | undefined {
    if (!specifier.startsWith('.')) return undefined
    const path = join(dirname(this.#path), withoutEnding(specifier))
    const found = [path, join(path, 'index')].find(each => this.#texts.has(each))
    if (found === undefined) return undefined
    return this.#others.get(found) ?? new DeclaredModule(found, this.#texts, this.#others)
  }

  /** The first paragraph of the comment in front of a constant. */
  aboutOf(name: string): string | undefined {
    const escaped = name.replaceAll('$', '\\$')
    const found = new RegExp(`/\\*\\*((?:[^*]|\\*(?!/))*)\\*/\\s*(?:export )?declare const ${escaped}\\b`, 'u').exec(
      this.#text,
    )
    const lines = (found?.[1] ?? '').split('\n').map(line => line.replace(/^\s*\* ?/, '').trim())
    const text =
      lines
        .join('\n')
        .trim()
        .split(/\n\n|\n@|^@/)[0] ?? ''
    return text === '' ? undefined : text.replace(/\s+/g, ' ')
  }

  #read(): void {
    const { tokens } = this
    for (let at = 0; at < tokens.length; at++) {
      const each = tokens[at] as string
      const name = tokens[at + 1] ?? ''
      if (each === 'import' || each === 'export') this.#takeImport(at)
      if (each === 'const' && tokens[at + 2] === ':') this.#keep({ kind: 'const', name, start: at + 3, parameters: [] })
      if (each === 'type' || each === 'interface') {
        const hasParameters = tokens[at + 2] === '<'
        const next = hasParameters ? behindClosing(tokens, at + 2) : at + 2
        const parameters = hasParameters ? this.#parametersAt(at + 3) : []
        if (each === 'type' && tokens[next] === '=') this.#keep({ kind: each, name, start: next + 1, parameters })
        if (each === 'interface' && (tokens[next] === '{' || tokens[next] === 'extends'))
          this.#keep({ kind: each, name, start: next, parameters })
      }
      // Names inside of something are not the module's.
      if (['{', '(', '[', '<'].includes(each)) at = behindClosing(tokens, at) - 1
    }
  }

  #keep(declared: Omit<Declared, 'module'>): void {
    if (!this.#own.has(declared.name)) this.#own.set(declared.name, { module: this, ...declared })
  }

  #parametersAt(start: number): string[] {
    const names: string[] = []
    for (let at = start; at < this.tokens.length;) {
      if (this.tokens[at] === 'const') at++
      names.push(this.tokens[at] as string)
      const end = placeOf([',', '>'], this.tokens, at)
      if (this.tokens[end] !== ',') break
      at = end + 1
    }
    return names
  }

  /** `import { a, type b as c } from '…'`, and the same with export. */
  #takeImport(start: number): void {
    const { tokens } = this
    const open = tokens[start + 1] === 'type' ? start + 2 : start + 1
    if (tokens[open] !== '{') return
    const end = behindClosing(tokens, open)
    const from = tokens[end] === 'from' ? (tokens[end + 1] ?? '').slice(1, -1) : undefined
    for (let at = open + 1; at < end - 1; at++) {
      if (tokens[at] === 'type' && tokens[at + 1] !== ',' && tokens[at + 1] !== '}' && tokens[at + 1] !== 'as') at++
      const there = tokens[at] as string
      const hasOther = tokens[at + 1] === 'as'
      const here = hasOther ? (tokens[at + 2] as string) : there
      if (hasOther) at += 2
      if (from !== undefined || hasOther) this.#imported.set(here, [there, from])
      at++ // the comma
    }
  }
}
