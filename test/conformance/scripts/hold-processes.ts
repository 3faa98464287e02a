import { processes } from 'skein/processes'
import { fileAppears } from '../files.ts'
import { holdStubbornly, spinUntil, spinWithCheckpoint } from '../tasks/holding.ts'
import { where } from '../tasks/values.ts'

// Says which processes it has started, leaves them busy (or idle) and waits to be killed.
const [kind, folder] = process.argv.slice(2) as [string, string]
const pool = processes({ workers: 1 })
console.log((await pool.run(where)).split('/')[0])
if (kind === 'spinning') void pool.run(spinWithCheckpoint, `${folder}/started`)
if (kind === 'waiting') void pool.run(holdStubbornly, `${folder}/started`, `${folder}/never`)
if (kind === 'exiting') process.exit(0)
if (kind === 'leaving') {
  void pool.run(spinUntil, `${folder}/started`, `${folder}/never`)
  await fileAppears(`${folder}/started`)
  process.exit(0)
}
setInterval(() => undefined, 60_000)
