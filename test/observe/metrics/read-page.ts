/** The samples of a page by their names with labels, as they stand there. */
export function readPage(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const at = line.lastIndexOf(' ')
    const key = line.slice(0, at)
    if (samples.has(key)) throw new Error(`Twice on the page: ${key}`)
    samples.set(key, Number(line.slice(at + 1).replace('Inf', 'Infinity')))
  }
  return samples
}
