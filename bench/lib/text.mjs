import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where there is real text: documentation, licences, headers, and sources. */
const folders = [
  '/usr/share/common-licenses',
  '/usr/share/doc',
  '/usr/lib/python3',
  '/usr/share/perl',
  '/usr/include',
  fileURLToPath(new URL('../../node_modules', import.meta.url)),
]
const largest = 5_000_000

/** A file of so many bytes, made of the text files of this machine; from their beginning again if they are not enough. */
export function textFile(bytes) {
  return made(`text-${bytes}.txt`, write => {
    let size = 0
    while (size < bytes) {
      const before = size
      for (const text of textsIn(folders)) {
        size += write(text)
        if (size >= bytes) break
      }
      if (size === before) throw new Error(`no text found in ${folders.join(', ')}`)
    }
  })
}

/** A file of so many sales, one JSON value in each line. */
export function salesFile(count) {
  return made(`sales-${count}.jsonl`, write => {
    for (let from = 0; from < count; from += 10_000) {
      const rows = Array.from({ length: Math.min(10_000, count - from) }, (_, n) => {
        const hash = Math.imul(from + n, 2_654_435_761) >>> 0
        return JSON.stringify({
          id: from + n,
          country: `C${hash % 200}`,
          price: hash % 10_000,
          item: `item ${hash % 977}`,
        })
      })
      write(`${rows.join('\n')}\n`)
    }
  })
}

function made(name, fill) {
  const folder = join(tmpdir(), 'skein-bench')
  const path = join(folder, name)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const file = openSync(`${path}.part`, 'w')
  fill(text => {
    const content = Buffer.from(text)
    writeSync(file, content)
    return content.length
  })
  closeSync(file)
  renameSync(`${path}.part`, path)
  return path
}

function* textsIn(list) {
  for (const path of list) {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) {
      yield* textsIn(
        readdirSync(path)
          .toSorted()
          .map(name => join(path, name)),
      )
    } else if (found?.isFile() && found.size <= largest) {
      const content = readFileSync(path)
      const isText = !content.subarray(0, 4_096).includes(0) && content[0] !== 0x1f
      if (isText) yield `${content.toString('utf8').replaceAll('\r', '').trimEnd()}\n`
    }
  }
}
