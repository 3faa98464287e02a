// Threads look for the nearest of a hundred thousand points, in WebAssembly with SIMD, over memory that they share.
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'
import { group, main } from 'skein'
import { threads } from 'skein/threads'
import { WasmMemory } from 'skein/wasm'
import { searches, sum } from './tasks.ts'

const count = 100_000
const size = 16
/** Behind what the module itself needs. */
const points = 65_536
const point = points + count * size * 8

await main(import.meta, async () => {
  await build()
  const memory = new WasmMemory({ pages: Math.ceil((point + size * 8) / 65_536) })
  const numbers = new Float64Array(memory.buffer, points, count * size)
  for (let i = 0; i < numbers.length; i++) numbers[i] = ((i * 7_919) % 10_007) / 10_007
  new Float64Array(memory.buffer, point, size).fill(0.5)

  const pool = threads({ workers: 2 })
  try {
    const total = await pool.run(sum, memory, points, numbers.length)
    console.log(`the mean of ${numbers.length} numbers: ${(total / numbers.length).toFixed(3)}`)
    const found = await pool.run(group(searches(memory, { points, point, size }, count, 8)))
    const [best] = found.toSorted((a, b) => a.distance - b.distance)
    console.log(`the nearest of ${count} points: number ${best?.number}, ${best?.distance.toFixed(3)} away`)
  } finally {
    await pool.close()
  }
})

/** What `npx asc assembly/kernels.ts …` does: a build step of a program like any other. */
async function build(): Promise<void> {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const options = '-O3 --runtime stub --enable simd --enable threads'
  const memory = '--importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536'
  const flags = `${options} ${memory} --outFile build/kernels.wasm`.split(' ')
  const { error, stderr } = await asc.main(['assembly/kernels.ts', '--baseDir', folder, ...flags])
  if (error) throw new Error(String(stderr), { cause: error })
}
