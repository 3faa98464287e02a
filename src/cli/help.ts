import { type Command, commonOptions, type OptionSpec } from './command.ts'
import { exitCodeTexts } from './exit-codes.ts'
import { type Style, wrap } from './ui/style.ts'

/** The lines of `skein --help`. */
export function generalHelp(commands: readonly Pick<Command, 'name' | 'summary'>[], style: Style): string[] {
  return [
    `${style.bold('skein')}: do more at once, do things faster, do both easier`,
    '',
    style.bold('Usage'),
    '  skein COMMAND [OPTIONS]',
    '',
    style.bold('Commands'),
    ...pairs(
      commands.map(command => [command.name, command.summary]),
      style,
    ),
    ...pairs([['help COMMAND', 'how to use a command, by example']], style),
    '',
    style.bold('Start here'),
    ...examples(
      [
        ['skein map hash.ts:sha256 "src/**/*.ts" --on threads', 'one task over many inputs, results as JSON lines'],
        ['skein compare hash.ts:sha256 "src/**/*.ts"', 'where does it run best, and why? measured'],
      ],
      style,
    ),
    '',
    '  hash.ts is an ordinary module with a task in it:',
    '',
    "    import { createHash } from 'node:crypto'",
    "    import { readFileSync } from 'node:fs'",
    "    import { task } from 'skein'",
    '    export const sha256 = task(import.meta, function sha256(file: string) {',
    "      return createHash('sha256').update(readFileSync(file)).digest('hex')",
    '    })',
    '',
    style.bold('Options'),
    ...optionLines({ version: { help: 'print the version' }, ...commonOptions }, style),
    '',
    ...exitCodeLines(style),
  ]
}

/** The lines of `skein COMMAND --help`. */
export function commandHelp(command: Command, style: Style): string[] {
  return [
    `${style.bold(`skein ${command.name}`)}: ${command.summary}`,
    '',
    style.bold('Usage'),
    ...command.usage.map(usage => `  ${usage}`),
    '',
    style.bold('Examples'),
    ...examples(command.examples, style),
    '',
    ...command.about.flatMap(paragraph => [...wrap(paragraph, 80), '']),
    style.bold('Options'),
    ...optionLines({ ...command.options, ...commonOptions }, style),
    '',
    ...exitCodeLines(style),
  ]
}

function exitCodeLines(style: Style): string[] {
  return [
    style.bold('Exit codes'),
    ...pairs(
      exitCodeTexts.map(([code, text]) => [String(code), text] as const),
      style,
    ),
  ]
}

function examples(list: Command['examples'], style: Style): string[] {
  return list.flatMap(([command, meaning]) => [`  ${style.dim(`# ${meaning}`)}`, `  ${style.cyan(command)}`])
}

function optionLines(options: Readonly<Record<string, OptionSpec>>, style: Style): string[] {
  return pairs(
    Object.entries(options).map(([name, spec]) => [
      `${spec.short ? `-${spec.short}, ` : '    '}--${name}${spec.value ? ` ${spec.value}` : ''}`,
      spec.help,
    ]),
    style,
  )
}

function pairs(list: readonly (readonly [string, string])[], style: Style): string[] {
  const left = Math.max(12, ...list.map(([name]) => name.length)) + 2
  return list.flatMap(([name, text]) =>
    wrap(text, 78 - left).map((line, at) => `  ${at === 0 ? style.cyan(name.padEnd(left)) : ' '.repeat(left)}${line}`),
  )
}
