/** Ctrl-C as an abort signal: the first asks the work to stop, the second ends the program at once. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** Ends the work for another reason than Ctrl-C. */
  abort(reason: unknown): void
  /** 130 after SIGINT, 143 after SIGTERM, as shells count; undefined without either. */
  readonly exitCode: number | undefined
  stop(): void
}

/** Listens for SIGINT and SIGTERM until `stop`. */
export function listenForInterrupt(onFirst: () => void): Interrupt {
  const controller = new AbortController()
  let exitCode: number | undefined
  const on = (code: number) => (): void => {
    if (exitCode !== undefined) process.exit(code)
    exitCode = code
    onFirst()
    controller.abort('interrupted')
  }
  const onInt = on(130)
  const onTerm = on(143)
  process.on('SIGINT', onInt)
  process.on('SIGTERM', onTerm)
  return {
    signal: controller.signal,
    abort: reason => controller.abort(reason),
    get exitCode() {
      return exitCode
    },
    stop() {
      process.off('SIGINT', onInt)
      process.off('SIGTERM', onTerm)
    },
  }
}
