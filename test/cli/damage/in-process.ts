import { readArguments } from '#skein/cli/command.js'
import { commandNamed } from '#skein/cli/commands.js'
import type { Output } from '#skein/cli/output.js'
import { type Style, styleOf } from '#skein/cli/ui/style.js'

/** What a command has answered. */
export interface Answered {
  readonly code: number
  readonly lines: readonly string[]
  readonly values: readonly unknown[]
}

/** Runs a command in this program: much faster than a program of its own, where there are hundreds. */
export async function answer(words: readonly string[]): Promise<Answered> {
  const [name, ...rest] = words
  const command = await commandNamed(name as string)
  const output = new Collected()
  const code = await command.run(readArguments(command, rest), output)
  return { code, lines: output.shown, values: output.values }
}

class Collected implements Output {
  readonly style: Style = styleOf({}, { NO_COLOR: '1' })
  readonly isTerminal = false
  readonly failure = undefined
  readonly shown: string[] = []
  readonly values: unknown[] = []

  async lines(lines: readonly string[]): Promise<void> {
    this.shown.push(...lines)
  }

  async json(text: string): Promise<void> {
    this.values.push(JSON.parse(text))
  }

  async redraw(lines: readonly string[]): Promise<void> {
    this.shown.push(...lines)
  }

  readonly size = { columns: 80, rows: 24 }

  fullScreen(): () => void {
    return () => {}
  }

  claim(): void {}

  close(): void {}
}
