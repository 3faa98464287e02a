import { nearest } from '../core/errors/nearest.ts'
import { UsageError } from './exit-codes.ts'
import type { Output } from './output.ts'

/** An option of a subcommand. */
export interface OptionSpec {
  /** The word for the value in the help; an option without it is a switch. */
  readonly value?: string
  readonly short?: string
  readonly help: string
}

/** A subcommand: what it does, how it is used, and the function that does it. */
export interface Command extends CommandBody {
  readonly name: string
  readonly summary: string
}

/** A subcommand but for its line in the list of all. */
export interface CommandBody {
  readonly usage: readonly string[]
  readonly about: readonly string[]
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  /** Does it, and resolves to the exit code. What it answers goes to `output`. */
  run(args: Arguments, output: Output): Promise<number>
}

/** The switches that every subcommand has. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  json: { help: 'print for programs: one JSON value a line, no colours' },
  quiet: { short: 'q', help: 'no progress' },
  help: { short: 'h', help: 'this text' },
}

/** The arguments of the command line, checked against the options that the subcommand knows. */
export class Arguments {
  readonly command: string
  readonly positionals: readonly string[]
  readonly #values: ReadonlyMap<string, string | true>

  constructor(command: string, positionals: readonly string[], values: ReadonlyMap<string, string | true>) {
    this.command = command
    this.positionals = positionals
    this.#values = values
  }

  has(option: string): boolean {
    return this.#values.has(option)
  }

  text(option: string): string | undefined {
    const value = this.#values.get(option)
    return typeof value === 'string' ? value : undefined
  }

  /** The value of an option that takes a whole number. */
  integer(option: string, least: number): number | undefined {
    const text = this.text(option)
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value
    throw new UsageError(`--${option} must be a whole number from ${least} up, got '${text}'`, this.command)
  }

  /** The value of an option that takes one of a few words. */
  choice<T extends string>(option: string, words: readonly T[]): T | undefined {
    const text = this.text(option)
    if (text === undefined || words.includes(text as T)) return text as T | undefined
    const near = nearest(text, words)
    throw new UsageError(
      `--${option} must be one of ${words.join(', ')}, got '${text}'${near ? `. Did you mean ${near}?` : ''}`,
      this.command,
    )
  }
}

/**
 * Reads the arguments of a subcommand.
 *
 * @throws UsageError for an option that it doesn't know (with the nearest that it does), a missing or needless value
 */
export function readArguments(command: Pick<Command, 'name' | 'options'>, words: readonly string[]): Arguments {
  const specs = { ...command.options, ...commonOptions }
  // Taken from Node here: an import of the module would load all of it, for `--help` too.
  const { tokens } = process.getBuiltinModule('node:util').parseArgs({
    args: shieldNegativeNumbers(words),
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(specs).map(([name, spec]) => [
        name,
        {
          type: spec.value === undefined ? 'boolean' : 'string',
          ...(spec.short ? { short: spec.short } : {}),
        } as const,
      ]),
    ),
  })
  const positionals: string[] = []
  const values = new Map<string, string | true>()
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(unshield(token.value))
    if (token.kind !== 'option') continue
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined
    if (!spec) {
      const near = nearest(token.name, Object.keys(specs))
      throw new UsageError(
        `Unknown option ${token.rawName}${near ? `. Did you mean --${near}?` : `. See: skein ${command.name} --help`}`,
        command.name,
      )
    }
    if (spec.value === undefined) {
      if (token.value !== undefined)
        throw new UsageError(`--${token.name} takes no value, got '${token.value}'`, command.name)
      values.set(token.name, true)
    } else {
      const value = token.value === undefined ? undefined : unshield(token.value)
      if (value === undefined || value === '' || (value.startsWith('--') && !token.inlineValue)) {
        throw new UsageError(`--${token.name} needs a value: --${token.name} ${spec.value}`, command.name)
      }
      values.set(token.name, value)
    }
  }
  return new Arguments(command.name, positionals, values)
}

/** Refuses words that a subcommand would not look at: they may have been meant as a filter. */
export function noWords(args: Arguments): void {
  const [word] = args.positionals
  if (word === undefined) return
  throw new UsageError(
    `skein ${args.command} takes options alone, not '${word}'. See: skein ${args.command} --help`,
    args.command,
  )
}

/** `-5` is an input, not a bundle of short options. */
function shieldNegativeNumbers(words: readonly string[]): string[] {
  const end = words.indexOf('--')
  return words.map((word, at) => (/^-\.?\d/.test(word) && (end === -1 || at < end) ? `\0${word}` : word))
}

function unshield(word: string): string {
  return word.startsWith('\0') ? word.slice(1) : word
}
