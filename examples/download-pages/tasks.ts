import { current, task } from 'skein'

/** Fetches a page. The signal of the task's scope aborts the request when its time is up. */
export const download = task(import.meta, async function download(url: string) {
  const { signal } = current()
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`)
  const text = await response.text()
  return { bytes: text.length, title: /<title>(.*?)<\/title>/.exec(text)?.[1] ?? '' }
})
