import { loop } from 'skein'
import { type HistogramOptions, par, type ParOptions } from 'skein/par'
import { WasmMemory } from 'skein/wasm'
import { count, number, type NumberRow, row } from './kinds.ts'

async function summed(options: Omit<ParOptions, 'on'>): Promise<void> {
  await using place = loop()
  if ((await par([1, 2, 3], { on: place, ...options }).sum()) !== 6) throw new Error('a wrong sum')
}

async function counted(options: HistogramOptions): Promise<void> {
  await using place = loop()
  await par([0, 1, 2], { on: place }).histogram(options)
}

export const parRows: readonly NumberRow[] = [
  row<number>('ParOptions.concurrency', count(1, 4_096), concurrency => summed({ concurrency })),
  row<number>('ParOptions.chunk', count(1), chunk => summed({ chunk })),
  row<number>('ParOptions.priority', count(Number.MIN_SAFE_INTEGER), priority => summed({ priority })),
  row<number>('HistogramOptions.from', number(-1e300, 1e300), from =>
    counted({ from, to: from > 1e300 ? from : 1.1e300, bins: 2 }),
  ),
  row<number>('HistogramOptions.to', number(-9, Number.MAX_VALUE), to => counted({ from: -9.5, to, bins: 2 })),
  row<number>('HistogramOptions.bins', count(1, 10_000_000), bins => counted({ from: 0, to: 1, bins })),
  row<number>('WasmMemoryOptions.pages', count(0, 65_536), pages => void new WasmMemory({ pages })),
  row<number>('WasmMemoryOptions.most', count(0, 65_536), most => void new WasmMemory({ pages: 0, most })),
]
