import { keysIn } from './view.ts'

/**
 * Listens for single keys, until `stop`: they come at once and are not shown. Where standard input is not a terminal, nothing is ever
 * pressed.
 */
export function listenForKeys(pressed: (key: string) => void): { stop(): void } {
  const { stdin } = process
  if (stdin.isTTY !== true) return { stop() {} }
  const onData = (text: string): void => {
    for (const key of keysIn(text)) pressed(key)
  }
  stdin.setRawMode(true)
  stdin.setEncoding('utf8').on('data', onData)
  return {
    stop() {
      stdin.off('data', onData)
      stdin.pause()
      stdin.setRawMode(false)
    },
  }
}
