import { writeFileSync } from 'node:fs'
import { messageOf } from '../../core/errors/foreign.ts'
import { everywhere } from '../../core/events/everywhere.ts'
import { loop } from '../../loop/loop.ts'
import { timeline } from '../../observe/timeline/timeline.ts'
import type { TraceSettings } from './settings.ts'

/** Records this program from here on, and writes the recording when it ends. @param text settings as JSON */
export function recordProgram(text: string): void {
  const { out, most, title } = JSON.parse(text) as TraceSettings
  const recording = timeline([loop], { most })
  everywhere.made = observers => void recording.add({ observe: listener => observers.add(listener) })
  process.once('exit', () => {
    everywhere.made = undefined
    recording.close()
    try {
      writeFileSync(out, out.endsWith('.html') ? recording.html(title) : recording.chromeTrace())
    } catch (error) {
      process.stderr.write(`skein: the recording could not be written to ${out}: ${messageOf(error)}\n`)
    }
  })
}
