import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { renderReport, type ReportOptions } from '../advisor/report.ts'
import { OutputError } from './output.ts'

/**
 * Writes report.html. Returns its whole path, or why it could not be written: what was measured for minutes is to be told all
 * the same.
 */
export function tryToWriteReport(
  file: string,
  options: ReportOptions,
): { readonly path: string; readonly error?: undefined } | { readonly error: OutputError; readonly path?: undefined } {
  const path = resolve(file)
  const page = renderReport(options)
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, page)
    return { path }
  } catch (error) {
    return { error: new OutputError(path, error) }
  }
}
