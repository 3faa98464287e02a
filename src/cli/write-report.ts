import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { renderReport, type ReportOptions } from '../advisor/report.ts'
import { messageOf } from '../core/errors/foreign.ts'
import { UsageError } from './exit-codes.ts'

/** Writes report.html and returns its whole path. */
export function writeReport(file: string, options: ReportOptions, command: string): string {
  const path = resolve(file)
  const page = renderReport(options)
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, page)
  } catch (error) {
    throw new UsageError(`The report cannot be written to ${path}: ${messageOf(error)}`, command)
  }
  return path
}
