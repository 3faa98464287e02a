// Where "go to definition" leads a person who has the package installed.
import { readdirSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'

/**
 * The functions, classes and constants that are declared in a folder which has the form of a published dist/. Gives of each where its
 * declaration is, and the line of the modules to which it leads; `found` where that is the one with its name.
 */
export function definitionsIn(folder) {
  const read = path => readFileSync(join(folder, 'joined', path), 'utf8').split('\n')
  const lines = new Map()
  const found = []
  for (const path of readdirSync(join(folder, 'joined')).filter(name => name.endsWith('.d.ts'))) {
    const map = new SourceMap(JSON.parse(read(`${path}.map`).join('')))
    for (const [row, line] of read(path).entries()) {
      const [, name] = /^export declare (?:abstract )?(?:class|function|const) ([\w$]+)/.exec(line) ?? []
      if (name === undefined) continue
      const column = line.indexOf(` ${name}`) + 1
      const { originalSource, originalLine, generatedLine, generatedColumn } = map.findEntry(row, column)
      if (originalSource !== undefined && !lines.has(originalSource)) lines.set(originalSource, read(originalSource))
      const there = lines.get(originalSource)?.[originalLine] ?? ''
      const [word] = name.split('$')
      found.push({
        declared: `${path}: ${line}`,
        there: `${originalSource}: ${there}`,
        found: generatedLine === row && generatedColumn === column && new RegExp(`\\b${word}\\w*\\b`).test(there),
      })
    }
  }
  return found
}
