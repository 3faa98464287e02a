/**
 * Cuts JSON into its parts, as text. Nothing of it is read, so nothing is lost that a reader here has no form for: a long integer, a
 * `NaN` that Python has written. To be used on text that is known to be JSON.
 *
 * @module
 */

const quote = 0x22
const comma = 0x2c

/** The items of an array, each as JSON; none where it is not one. */
export function itemsOf(json: string | undefined): string[] {
  return json?.startsWith('[') ? partsOf(json) : []
}

/** The fields of an object, each as JSON; none where it is not one. */
export function fieldsOf(json: string | undefined): Map<string, string> {
  const fields = new Map<string, string>()
  for (const part of json?.startsWith('{') ? partsOf(json) : []) {
    const end = endOfString(part, 0)
    fields.set(JSON.parse(part.slice(0, end + 1)) as string, part.slice(part.indexOf(':', end) + 1).trim())
  }
  return fields
}

function partsOf(json: string): string[] {
  const parts: string[] = []
  let from = 1
  let depth = 0
  const cut = (at: number): void => {
    const part = json.slice(from, at).trim()
    if (part !== '') parts.push(part)
    from = at + 1
  }
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === quote) at = endOfString(json, at)
    else if (code === 0x5b || code === 0x7b) depth++
    else if (code === comma && depth === 1) cut(at)
    else if ((code === 0x5d || code === 0x7d) && --depth === 0) cut(at)
  }
  return parts
}

/** The place of the quote that ends the string which begins at a place. */
function endOfString(json: string, begin: number): number {
  for (let at = begin + 1; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === quote) return at
  }
  return json.length
}
