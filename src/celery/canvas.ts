import { malformed } from './fields.ts'
import { readSignature, type Signature } from './signature.ts'

/** Several calls as one, as a signature of Celery has them. */
export type Canvas =
  | { readonly kind: 'call'; readonly call: Signature }
  /** One after the other, in this order. */
  | { readonly kind: 'chain'; readonly tasks: readonly unknown[] }
  | { readonly kind: 'group'; readonly tasks: readonly unknown[] }
  /** The body runs once all of the header, a group or a list, have ended. */
  | { readonly kind: 'chord'; readonly header: unknown; readonly body: unknown }

/**
 * Reads a signature of any writer, and what it has inside; that is not looked at.
 *
 * **Errors**: `SKEIN_MALFORMED_MESSAGE`.
 */
export function readCanvas(value: unknown): Canvas {
  const call = readSignature(value)
  const { kwargs } = call
  switch (call.subtask_type) {
    case 'chain':
    case 'group':
      return { kind: call.subtask_type, tasks: tasksIn(kwargs['tasks']) }
    case 'chord':
      if (kwargs['body'] === undefined) throw malformed('a chord in it has no body')
      return { kind: 'chord', header: kwargs['header'], body: kwargs['body'] }
    default:
      return { kind: 'call', call }
  }
}

/** The calls of a header or of a group: they are a list, or a signature that has one. **Errors**: `SKEIN_MALFORMED_MESSAGE`. */
export function tasksIn(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value as unknown[]
  const inner = readCanvas(value)
  return inner.kind === 'chain' || inner.kind === 'group' ? inner.tasks : [value]
}

/** Writes several calls as one signature. The parts are signatures. */
export function canvasSignature(
  canvas: Exclude<Canvas, { readonly kind: 'call' }>,
  options: Signature['options'],
): Signature {
  const kwargs =
    canvas.kind === 'chord' ? { kwargs: {}, header: canvas.header, body: canvas.body } : { tasks: canvas.tasks }
  return { task: `celery.${canvas.kind}`, args: [], kwargs, options, subtask_type: canvas.kind, immutable: false }
}
