import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './paths.ts'

/** The ten lines on the first screen of the README: its first code block that is marked as runnable. */
export function firstExample(): { typescript: string; javascript: string } {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const typescript = /^```ts run\n([\s\S]*?)^```/m.exec(readme)?.[1]
  if (typescript === undefined) throw new Error('README.md has no block that starts with ```ts run')
  return { typescript, javascript: withoutTypes(typescript) }
}

/** Takes off the annotations that the ten lines use: `: number` and the like. */
function withoutTypes(code: string): string {
  return code.replace(/([\w)]): (?:number|string)(?=[,)\s])/g, '$1')
}
