import { messageOf } from '../errors/foreign.ts'

/** True with `SKEIN_DEBUG=1`: more is recorded and reported, at a price. */
export const debugging: boolean = process.env['SKEIN_DEBUG'] === '1'

/** Warns of a body that learned of its cancellation and went on to return as if nothing had happened. */
export function warnSwallowed(title: string, error: unknown): void {
  process.emitWarning(
    `${title} returned normally although a cancel point in it had thrown: ${messageOf(error)}. A catch has swallowed the cancellation. ` +
      'Let it pass: call rethrowIfCancelled(error) first in the catch.',
    { type: 'SkeinWarning' },
  )
}
