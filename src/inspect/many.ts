/** The outcomes of jobs to which something was done. */
export type Outcomes<T extends string> = readonly { readonly id: string; readonly outcome: T }[]

/** Does something to many jobs, some hundred at a time, and tells what became of them. */
export async function* inBatches<T extends string>(
  ids: readonly string[],
  act: (batch: readonly string[]) => Promise<T[]>,
): AsyncGenerator<Outcomes<T>> {
  for (let at = 0; at < ids.length; at += batchSize) yield await inBatch(ids.slice(at, at + batchSize), act)
}

/** The same to as many as go at once. */
async function inBatch<T extends string>(
  ids: readonly string[],
  act: (batch: readonly string[]) => Promise<T[]>,
): Promise<Outcomes<T>> {
  const became = await act(ids)
  return ids.map((id, index) => ({ id, outcome: became[index] as T }))
}

/** So many jobs are changed at once. */
export const batchSize = 500
