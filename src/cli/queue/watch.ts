import type { Arguments, OptionSpec } from '../command.ts'
import { listenForInterrupt } from '../interrupt.ts'
import type { Output } from '../output.ts'
import { pause } from '../pause.ts'

/** The option of commands that can go on showing how things are. */
export const watchOption: Readonly<Record<'watch', OptionSpec>> = {
  watch: { short: 'w', help: 'show it again every second, until Ctrl-C' },
}

/** The picture that a command shows: lines for people, or with --json values for programs; a piece at a time, where there is much. */
export type Shown = AsyncIterable<readonly string[]> | Iterable<readonly string[]>

const every = 1_000

/**
 * Prints what `show` returns: once, or with --watch again and again until Ctrl-C. On a terminal each picture takes the place
 * of the one before; elsewhere (and with --json) they follow each other.
 */
export async function showOrWatch(args: Arguments, output: Output, show: () => Shown): Promise<void> {
  if (!args.has('watch')) return print(args, output, show())
  const redraw = output.isTerminal && !args.has('json')
  const interrupt = listenForInterrupt(() => {})
  try {
    for (let first = true; !interrupt.signal.aborted; first = false) {
      if (redraw) await output.redraw(await collect(show()), first)
      else await print(args, output, show())
      await pause(every, interrupt.signal)
    }
  } finally {
    interrupt.stop()
  }
}

async function print(args: Arguments, output: Output, shown: Shown): Promise<void> {
  for await (const piece of shown) {
    if (!args.has('json')) await output.lines(piece)
    else for (const value of piece) await output.json(value)
  }
}

async function collect(shown: Shown): Promise<string[]> {
  const lines: string[] = []
  for await (const piece of shown) lines.push(...piece)
  return lines
}
