/** What a scope with `errors: 'group'` throws: always a group, also of one. */
export function groupOf(failures: readonly unknown[], title: string): AggregateError {
  const first = failures[0]
  const text = first instanceof Error ? first.message : String(first)
  const count = failures.length === 1 ? 'One failure' : `${failures.length} failures`
  return new AggregateError(failures, `${count} in ${title}; the first: ${text}`)
}
