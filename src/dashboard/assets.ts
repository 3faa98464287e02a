import { readFileSync } from 'node:fs'

/** A file of the page. */
export function asset(name: string): Buffer {
  return readFileSync(new URL(`./assets/${name}`, import.meta.url))
}
