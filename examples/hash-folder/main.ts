// Hashes all files of a folder on threads and finds the ones with the same content.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from 'skein'
import { threads } from 'skein/threads'
import { hashFile } from './tasks.ts'

await main(import.meta, async () => {
  const folder = makeFolder()
  const files = Array.from({ length: 120 }, (_, at) => join(folder, `photo-${String(at).padStart(3, '0')}.raw`))
  const pool = threads()
  try {
    const byHash = new Map<string, string[]>()
    let bytes = 0
    let onMain = 0
    for await (const { file, hash, size, thread } of pool.map(hashFile, files)) {
      byHash.set(hash, [...(byHash.get(hash) ?? []), file])
      bytes += size
      if (thread === 0) onMain++
    }
    const copies = [...byHash.values()].filter(same => same.length > 1)
    console.log(`${files.length} files, ${bytes / 1_000_000} MB, ${onMain} of them hashed on the main thread`)
    console.log(`${copies.length} groups of files with the same content:`)
    for (const same of copies) console.log(`  ${same.map(file => file.slice(folder.length + 1)).join(' = ')}`)
  } finally {
    await pool.close()
    rmSync(folder, { recursive: true })
  }
})

/** 120 files of 200 kB; three of them are copies. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'skein-hash-'))
  for (let at = 0; at < 120; at++) {
    const content = at === 40 ? 7 : at === 80 ? 7 : at === 119 ? 63 : at
    writeFileSync(join(folder, `photo-${String(at).padStart(3, '0')}.raw`), Buffer.alloc(200_000, `photo ${content};`))
  }
  return folder
}
