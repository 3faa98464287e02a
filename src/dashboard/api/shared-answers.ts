/** The answer that is being made to a question, and the one that is made after it. */
interface Line {
  running: Promise<string>
  next: Promise<string> | undefined
}

/**
 * Answers that are the same for all who ask: many open windows cost the store little more than one. Nobody gets an answer that was begun
 * before the question: who asks while one is being made waits, with all others who do, for the next one.
 */
export class SharedAnswers {
  readonly #lines = new Map<string, Line>()

  text(question: string, make: () => Promise<string>): Promise<string> {
    const line = this.#lines.get(question)
    if (line !== undefined) return (line.next ??= this.#afterwards(question, line, make))
    const begun: Line = { running: make(), next: undefined }
    this.#lines.set(question, begun)
    this.#endWith(question, begun)
    return begun.running
  }

  async #afterwards(question: string, line: Line, make: () => Promise<string>): Promise<string> {
    await line.running.catch(() => {})
    line.running = make()
    line.next = undefined
    this.#lines.set(question, line)
    this.#endWith(question, line)
    return line.running
  }

  #endWith(question: string, line: Line): void {
    const { running } = line
    const end = (): void => {
      if (line.running === running && line.next === undefined && this.#lines.get(question) === line)
        this.#lines.delete(question)
    }
    running.then(end, end)
  }
}
