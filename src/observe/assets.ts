import { readFileSync } from 'node:fs'

/** A file of those that a page of lanes is made of. A page has all of it inside, and needs no network. */
export function pageAsset(name: 'page.css' | 'lanes.js' | 'timeline.js'): string {
  return readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8')
}
