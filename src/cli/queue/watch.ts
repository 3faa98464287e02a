import { listenForInterrupt } from '../interrupt.ts'
import { type Arguments, type OptionSpec } from '../command.ts'

/** The option of commands that can go on showing how things are. */
export const watchOption: Readonly<Record<'watch', OptionSpec>> = {
  watch: { short: 'w', help: 'show it again every second, until Ctrl-C' },
}

const every = 1_000

/**
 * Prints what `show` returns: once, or with --watch again and again until Ctrl-C. On a terminal each picture takes the
 * place of the one before; elsewhere (and with --json) they follow each other.
 */
export async function showOrWatch(args: Arguments, show: () => Promise<string>): Promise<void> {
  const { stdout } = process
  if (!args.has('watch')) {
    stdout.write(await show())
    return
  }
  const redraw = stdout.isTTY && !args.has('json')
  let wake = (): void => {}
  const interrupt = listenForInterrupt(() => wake())
  try {
    for (let first = true; !interrupt.signal.aborted; first = false) {
      const text = await show()
      // Home, the new picture line by line over the old one, then away with what was longer: nothing flickers.
      if (redraw) stdout.write(`${first ? '\u001b[2J' : ''}\u001b[H${text.replaceAll('\n', '\u001b[K\n')}\u001b[J`)
      else stdout.write(text)
      if (interrupt.signal.aborted) break
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, every)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  } finally {
    interrupt.stop()
  }
}
