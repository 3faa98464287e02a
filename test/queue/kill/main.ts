// The long run of the kill matrix: npm run kill-matrix -- --kills 2000 --seed 7 [--only worker:kill:during-ack --only relay] [--store redis]
import { parseArgs } from 'node:util'
import { availableParallelism, release } from 'node:os'
import { cells, howWords, isMeant, nameOf } from './cells.ts'
import { KillMatrix, type MatrixReport } from './matrix.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', multiple: true },
    store: { type: 'string', default: 'sqlite' },
    durability: { type: 'string', default: 'full' },
    persistence: { type: 'string', default: 'always' },
    markdown: { type: 'boolean', default: false },
  },
})
const kills = Number(values.kills)
const seed = Number(values.seed)
const unknown = (values.only ?? []).filter(name => !cells.some(each => isMeant(each, name)))
const onRedis = values.store === 'redis'
const { durability, persistence } = values
const isKnown =
  (onRedis || values.store === 'sqlite') &&
  (durability === 'full' || durability === 'relaxed') &&
  (persistence === 'always' || persistence === 'everysec')
if (!Number.isInteger(kills) || !Number.isInteger(seed) || unknown.length > 0 || !isKnown) {
  process.stderr.write(
    `Usage: npm run kill-matrix -- --kills N --seed N [--only CELL] [--durability relaxed] [--store redis [--persistence everysec]] [--markdown]\n` +
      `Cells: ${cells.map(nameOf).join(' ')}\n`,
  )
  process.exit(2)
}

const place = onRedis ? `Redis, appendfsync ${persistence}` : `durability ${durability}`
process.stdout.write(`kill matrix: ${kills} kills, seed ${seed}, ${place}\n`)
let shown = 0
const matrix = new KillMatrix({
  kills,
  seed,
  ...(values.only ? { only: values.only } : {}),
  store: onRedis ? 'redis' : 'sqlite',
  durability,
  persistence,
  onProgress: ({ kills: done, accepted, violations }) => {
    const filled = Math.round((Math.min(done, kills) / kills) * 30)
    const line = `${'━'.repeat(filled)}${'─'.repeat(30 - filled)}  ${done}/${kills} kills, ${accepted} jobs accepted, ${violations} violations`
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
    else if (done >= shown + 50) {
      shown = done
      process.stderr.write(`${line}\n`)
    }
  },
})
// Ctrl-C: no more kills, and the report of those that there were.
process.once('SIGINT', () => matrix.stop())
const report = await matrix.run()
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
process.stdout.write(text(report))
if (values.markdown) process.stdout.write(`\n${markdown(report)}`)
process.exitCode = report.violations.length > 0 ? 1 : 0

function text(all: MatrixReport): string {
  const lines = [...all.cells].map(
    ([name, { kills: n, missed }]) => `  ${name.padEnd(28)} ${n}${missed > 0 ? ` (${missed} not reached)` : ''}`,
  )
  return [
    ...lines.sort(),
    `${all.kills} kills in ${Math.round(all.milliseconds / 1000)} s; ${all.accepted} jobs accepted, ${all.attempts} attempts begun, ${all.relays} relays`,
    `ended: ${Object.entries(all.ended)
      .map(([state, n]) => `${n} ${state}`)
      .join(', ')}`,
    all.violations.length === 0 ? 'no violation' : `${all.violations.length} VIOLATIONS (seed ${all.seed}):`,
    ...all.violations.map(each => `  ${each}`),
    '',
  ].join('\n')
}

/** The table of docs/design/guarantees.md. */
function markdown(all: MatrixReport): string {
  const rows = cells.map(cell => {
    const name = nameOf(cell)
    const { kills: n = 0 } = all.cells.get(name) ?? {}
    const again = `npm run kill-matrix -- ${onRedis ? '--store redis ' : ''}--only ${name}`
    return `| ${cell.who} | ${howWords[cell.how]} | ${cell.where} | ${n} | \`${again}\` |`
  })
  return [
    `${all.kills} kills with seed ${all.seed} on Node ${process.versions.node}, Linux ${release()}, ${availableParallelism()} cores: ${all.accepted} jobs accepted, ${all.attempts} attempts begun, ${all.relays} relays, ${all.violations.length} violations.`,
    '',
    '| who | how | where | kills | again |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
