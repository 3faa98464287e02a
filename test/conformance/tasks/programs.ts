import { writeSync } from 'node:fs'
import { current, task } from 'skein'

export const waitFor = task(import.meta, async function waitFor(milliseconds: number): Promise<string> {
  await current().sleep(milliseconds)
  return `waited ${milliseconds}`
})

export const printLines = task(import.meta, function printLines(count: number): string {
  for (let n = 0; n < count; n++) console.log(`line ${n}`)
  console.error('to stderr')
  return 'printed'
})

export const writeWithoutNewline = task(import.meta, function writeWithoutNewline(): void {
  process.stdout.write('half a ')
  process.stdout.write('line')
})

export const printAndExit = task(import.meta, function printAndExit(): never {
  console.log('last words')
  writeSync(2, 'written at once\n')
  process.exit(3)
})
