import { commandText } from './command-text.ts'
import { toJson } from '../inspect/to-json.ts'
import { count, plural, significant, time } from './ui/amount.ts'
import { printable } from '../core/report/printable.ts'
import type { Style } from './ui/style.ts'

/** The outcome of a run of `skein map`. */
export interface MapReport {
  readonly task: string
  done: number
  failed: number
  /** Finished by an earlier run. */
  skipped: number
  /** Inputs read so far. */
  taken: number
  readonly total: number | undefined
  /** The first ten failures. */
  readonly failures: { index: number; input: unknown; error: { code?: string; name: string; message: string } }[]
  milliseconds: number
}

/** The report as one JSON line. */
export function reportAsJson(report: MapReport, interrupted: boolean): string {
  const { done, failed, skipped, taken, total, failures, milliseconds } = report
  return toJson({
    done,
    failed,
    skipped,
    notDone: (total ?? taken) - done - failed - skipped,
    interrupted,
    milliseconds: Math.round(milliseconds),
    failures,
  })
}

/** The report in lines: what was done, the first failures, and how to go on with the command of these words. */
export function reportAsText(
  report: MapReport,
  {
    stopped,
    resume,
    command,
    style,
  }: { stopped: string | undefined; resume: string | undefined; command: readonly string[]; style: Style },
): string[] {
  const { done, failed, skipped, taken, total, milliseconds } = report
  const lines: string[] = []
  if (failed > 0) {
    lines.push(
      style.red(
        `${plural(failed, 'input')} failed${failed > report.failures.length ? `; the first ${report.failures.length}` : ''}:`,
      ),
    )
    for (const { index, input, error } of report.failures) {
      const code = error.code === undefined ? error.name : error.code
      lines.push(`  #${index} ${shorten(printable(toJson(input)), 40)}`)
      const text = error.message.split('\n')[0] ?? ''
      // Node's own messages begin with the code.
      const rest = text.startsWith(`${code}: `) ? text.slice(code.length + 2) : text
      lines.push(`    ${style.yellow(code)}: ${shorten(printable(rest), 300)}`)
    }
  }
  const ran = done + failed
  const rate = ran > 1 && milliseconds > 0 ? ` (${significant((ran / milliseconds) * 1000)}/s)` : ''
  const facts = [
    `${count(done)} done`,
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(skipped > 0 ? [`${count(skipped)} done earlier`] : []),
  ]
  if (stopped === undefined) {
    lines.push(`${style.bold(report.task)}: ${facts.join(', ')} in ${time(milliseconds)}${rate}`)
    if (failed > 0 && resume !== undefined) lines.push('Run the same command again to try the failed inputs once more.')
    return lines
  }
  const rest = total === undefined ? undefined : total - ran - skipped
  const left = rest === undefined ? `stopped after reading ${plural(taken, 'input')}` : `${count(rest)} not done`
  lines.push(`${style.bold(stopped)} after ${time(milliseconds)}: ${facts.join(', ')}, ${left}.`)
  if (resume !== undefined) lines.push(`All that was done is in ${resume}; run the same command again to go on.`)
  else {
    lines.push(
      `If the results went into a file, this goes on: ${commandText(command, ['--resume', 'FILE'])}`,
      `Without > FILE, which would empty it: --resume itself adds the results to FILE.`,
    )
  }
  return lines
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
