// npm run reference [-- --check]: writes docs/reference/ out of the docstrings; with --check it only says whether the pages are
// what it would write. What makes them, reference/, has a lock file of its own, since it needs an older TypeScript.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { filesUnder, removeFiles, writeIfChanged } from './files.mjs'
import { install, root, run } from './steps.mjs'

const pages = 'docs/reference'
const fresh = '.cache/reference'
const tool = join(root, 'reference')

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
process.exitCode = (await installTool()) || (await generate()) || (values.check ? await compare() : await write())

async function installTool() {
  const stamp = join(tool, 'node_modules/.package-lock.json')
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(tool, 'package-lock.json')).mtimeMs) return 0
  return install({ cwd: tool })
}

async function generate() {
  await rm(join(root, fresh), { recursive: true, force: true })
  await mkdir(join(root, fresh), { recursive: true })
  return run(process.execPath, [join(tool, 'generate.mjs'), join(root, fresh)])
}

async function write() {
  const made = await filesUnder(fresh)
  for (const path of made) writeIfChanged(`${pages}/${path}`, read(fresh, path))
  await removeFiles(
    pages,
    (await filesUnder(pages)).filter(path => !made.includes(path)),
  )
  console.log(`${made.length} pages in ${pages}/`)
  return 0
}

async function compare() {
  const made = await filesUnder(fresh)
  const there = await filesUnder(pages)
  const stale = made.filter(path => !there.includes(path) || read(fresh, path) !== read(pages, path))
  const extra = there.filter(path => !made.includes(path))
  if (stale.length + extra.length === 0) {
    console.log(`${pages}/ is current (${made.length} pages)`)
    return 0
  }
  for (const path of stale) console.log(`not current: ${pages}/${path}`)
  for (const path of extra) console.log(`not needed: ${pages}/${path}`)
  console.log("The docstrings have changed: run 'npm run reference'")
  return 1
}

function read(folder, path) {
  return readFileSync(join(root, folder, path), 'utf8')
}
