/** A text is not JSON, not even of the kind that Celery writes; the message says what is wrong and where. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
}
