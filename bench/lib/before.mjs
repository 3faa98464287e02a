import { join } from 'node:path'
import { overlay } from './overlay.mjs'

/** The contestants of a suite, and skein's own once more, each with the build of another checkout. Suites may share a list of them. */
export function withBefore({ contestants, inside }, folder) {
  const again = contestants
    .filter(({ role, command, folder: whole }) => role === 'skein' && command === undefined && whole === undefined)
    .map(contestant => ({
      ...contestant,
      key: `${contestant.key} before`,
      label: `${contestant.label}, before`,
      role: 'peer',
      versus: contestant.key,
      command: [process.execPath, join(inside ? folder : overlay(folder), 'bench/child.mjs')],
    }))
  return [...contestants, ...again]
}
