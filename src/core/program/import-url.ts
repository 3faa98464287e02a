import { setImmediate } from '../time/platform.ts'

/** Imports a module by its URL. Bundlers leave this alone: what is imported is known only when the program runs. */
export function importUrl(url: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ url)
}

/** Resolves once a file has been evaluated that this thread has been started with; its evaluation may have only begun. */
export async function evaluated(url: string): Promise<void> {
  // CommonJS that is not done yet would be evaluated a second time.
  await new Promise<void>(resolve => void setImmediate(resolve))
  await importUrl(url)
}
