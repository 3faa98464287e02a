import { withInner } from '../../refusals.ts'
import type { OutgoingCall, SendOutcome } from '../../roles/calls.ts'

/** The answer of a script for a call that was sent: a word, or a word and the id of another call. */
export type Answer = 'accepted' | 'joined' | 'limit' | 'size' | readonly ['joined' | 'replaced' | 'unique', string]

/** The outcome of a call that was sent. */
export function outcomeOf(answer: Answer, { id }: OutgoingCall): SendOutcome {
  if (answer === 'limit') return { outcome: 'rejected', reason: answer }
  if (typeof answer === 'string') return { outcome: answer as 'accepted' | 'joined', id }
  const [word, other] = answer
  switch (word) {
    case 'joined':
      return { outcome: word, id: other }
    case 'replaced':
      return { outcome: word, id, replaced: other }
    case 'unique':
      return { outcome: 'rejected', reason: word, existing: other }
  }
}

/** The outcome of a call of which a message has more bytes than the store takes, its own or that of an inner one; undefined for the others. */
export function oversize(
  call: OutgoingCall,
  limit: number,
): Extract<SendOutcome, { readonly reason: 'size' }> | undefined {
  for (const { headers, body } of withInner([call])) {
    const bytes = Buffer.byteLength(headers) + Buffer.byteLength(body)
    if (bytes > limit) return { outcome: 'rejected', reason: 'size', bytes, limit }
  }
  return undefined
}
