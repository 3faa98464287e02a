import { main } from 'skein'
import { placeNamed } from '../places/named.ts'
import { tidyUp } from '../tasks/holding.ts'

// Works until somebody presses Ctrl-C; its task tidies up then.
await main(import.meta, async s => {
  const executor = (await placeNamed(process.argv[2])).open({ workers: 1 })
  const folder = process.argv[3] as string
  try {
    await s.on(executor).run(tidyUp, `${folder}/started`, `${folder}/tidied`)
  } finally {
    await executor.close()
  }
})
