// node scripts/published.mjs [folder]: gives dist/, or a copy of it in another folder, the form in which it is published: without
// the maps that lead to the sources, which are not in the package. The declarations lead to the joined modules instead, which
// a person can read. Run before the package is packed; the next build makes the other form again.
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { decode, encode } from '@jridgewell/sourcemap-codec'
import { filesUnder, writeIfChanged } from './files.mjs'
import { root } from './steps.mjs'

const read = path => readFileSync(join(root, path), 'utf8')

const folder = process.argv[2] ?? 'dist'
const paths = (await filesUnder(folder)).map(path => `${folder}/${path}`)
const scripts = paths.filter(path => path.endsWith('.js') && paths.includes(`${path}.map`))
const texts = scripts.map(path => read(path).split('\n'))
const places = placesOf(scripts)
for (const path of paths.filter(each => each.endsWith('.d.ts.map'))) writeIfChanged(path, leadingToScripts(path))
for (const path of paths.filter(each => each.endsWith('.js')))
  writeIfChanged(path, read(path).replace(/\n\/\/# sourceMappingURL=\S+\n?$/, '\n'))

/** Where each line of the sources is in the joined modules, with its columns. */
function placesOf(scripts) {
  const found = new Map()
  for (const [script, path] of scripts.entries()) {
    const { mappings, sources } = JSON.parse(read(`${path}.map`))
    for (const [line, spots] of decode(mappings).entries()) {
      for (const [column, source, sourceLine, sourceColumn] of spots) {
        if (source === undefined) continue
        const key = `${nameOf(sources[source])}:${sourceLine}`
        const known = found.get(key) ?? []
        known.push({ from: sourceColumn, script, line, column })
        found.set(key, known)
      }
    }
  }
  return found
}

function nameOf(source) {
  return source.slice(source.indexOf('src/'))
}

/** A declaration map that leads to the modules. What is a type alone leads nowhere: there is no more of it. */
function leadingToScripts(path) {
  const map = JSON.parse(read(path))
  const declarations = read(path.replace(/\.map$/, '')).split('\n')
  const at = (source, line) => places.get(`${nameOf(map.sources[source])}:${line}`) ?? []
  const spot = ([column, source, line, from], name) => {
    let there = source === undefined ? [] : at(source, line)
    // Overloads stand in front of the function.
    for (let next = line + 1; name !== undefined && there.length === 0 && next < line + 20; next++)
      there = at(source, next).filter(each => texts[each.script][each.line].includes(`function ${name}(`))
    const best = there.find(each => each.from === from) ?? there.findLast(each => each.from <= from) ?? there[0]
    return best === undefined ? [column] : [column, best.script, best.line, best.column]
  }
  const mappings = decode(map.mappings).map((spots, row) => {
    const [, name] = /^export declare function (\w+)/.exec(declarations[row]) ?? []
    const found = spots.map(each => spot(each, name))
    const best = found.findLast(each => each.length > 1)
    return best === undefined ? found : [[found.at(-1)[0], ...best.slice(1)]]
  })
  return JSON.stringify({
    ...map,
    sources: scripts.map(script => posix.relative(posix.dirname(path), script)),
    mappings: encode(mappings),
  })
}
