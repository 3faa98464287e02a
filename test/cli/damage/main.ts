// The long run: each value in each column of a file of its own, through every command:
//   npm run damage -- [--table skein_call] [--column due_at] [--together]
// On Node 20 the file is read by libsql, from 22 on by node:sqlite.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { columnsOf, damagesFor, values } from './columns.ts'
import { makeSample } from './sample.ts'
import { tryOut } from './trial.ts'
import { openDriver } from '#skein/stores/sqlite/file/driver.js'

const { values: options } = parseArgs({
  options: {
    table: { type: 'string' },
    column: { type: 'string' },
    /** All values of a column in one file: quicker, and less is known of what was at fault. */
    together: { type: 'boolean', default: false },
    /** A trial that has not ended after so many seconds hangs. */
    patience: { type: 'string', default: '60' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'skein-damage-'))
let broken = 0
let trials = 0
let doing = ''
try {
  const whole = join(folder, 'whole.db')
  const sound = await makeSample(whole, options.together ? 300 : 120)
  const database = await openDriver(whole)
  const columns = columnsOf(database).filter(
    each =>
      (options.table === undefined || each.table === options.table) &&
      (options.column === undefined || each.column === options.column),
  )
  for (const column of columns) {
    const all = damagesFor(database, column, values, sound)
    for (const damages of options.together ? [all] : all.map(each => [each])) {
      const file = join(folder, 'damaged.db')
      copyFileSync(whole, file)
      const name = `${column.table}.${column.column}${options.together ? '' : ` = ${damages[0]?.value}`}`
      const timer = setTimeout(
        () => {
          process.stdout.write(`${name}: hangs in ${doing}\n`)
          rmSync(folder, { recursive: true, force: true })
          process.exit(1)
        },
        Number(options.patience) * 1_000,
      )
      const { faults } = await tryOut(file, damages, words => (doing = words))
      clearTimeout(timer)
      trials++
      if (faults.length > 0) broken++
      for (const fault of faults) process.stdout.write(`${name}: ${fault}\n`)
    }
    process.stderr.write(`${column.table}.${column.column}: ${trials} trials, ${broken} with faults\n`)
  }
  database.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(`${trials} trials on Node ${process.versions.node}, ${broken} with faults\n`)
process.exitCode = broken === 0 ? 0 : 1
