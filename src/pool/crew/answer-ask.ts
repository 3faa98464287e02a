import { decode, encode, type Encoding } from '../../call/codec/codec.ts'
import type { Entry } from '../../call/run/entry.ts'
import { encodeError } from '../../call/codec/envelope.ts'
import { type Reply, type reply, type Request, request } from '../wire/messages.ts'

/**
 * Has a question of a running task answered by the caller that handed it over, and passes the answer to the task.
 *
 * @param tell sends a request to the worker in which the task runs. Throws when what it holds cannot be sent
 */
export async function answerAsk(
  asked: Extract<Reply, { readonly 0: typeof reply.ask }>,
  entry: Entry,
  encoding: Encoding,
  tell: (answer: Request, json: boolean) => void,
): Promise<void> {
  const [, slot, ask, kind, value, isMarked] = asked
  try {
    const given = await entry.terms.services?.ask?.(kind, isMarked ? decode(value) : value)
    const encoded = encode(given, `the answer to ${kind}`, encoding)
    const { marked, json } = encoding
    tell([request.answer, slot, ask, encoded, marked ? 1 : 0], json)
  } catch (error) {
    tell([request.refusal, slot, ask, encodeError(error)], false)
  }
}
