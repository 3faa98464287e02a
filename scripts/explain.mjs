// Says what a test failed with, in the lines that help: what was expected, and where in our files.
import { inspect } from 'node:util'

/** The text for an error, or anything else, with which a test failed. Errors lose what is left out here. */
export function explain(error) {
  const cause = error?.code === 'ERR_TEST_FAILURE' && error.cause !== undefined ? error.cause : error
  if (typeof cause === 'string') return cause
  shorten(cause, new Set())
  return inspect(cause, { depth: 6 })
}

function shorten(error, seen) {
  if (!(error instanceof Error) || seen.has(error)) return
  seen.add(error)
  try {
    const stack = withoutNode(error.stack)
    if (stack !== error.stack) error.stack = stack
    if (error.code === 'ERR_ASSERTION') withoutRepetition(error)
  } catch {
    // Frozen, or with accessors of its own: it is told as it is.
  }
  const inside = [error.cause, ...(Array.isArray(error.errors) ? error.errors : []), error.actual, error.expected]
  for (const each of inside) shorten(each, seen)
}

/** A stack without the frames of Node itself, and without those of the language that only Node's own code has called. */
function withoutNode(stack) {
  if (typeof stack !== 'string') return stack
  let ofNode = false
  const kept = stack.split('\n').filter(line => {
    if (!/^\s+at /.test(line)) return true
    ofNode = /[( ]node:/.test(line) || (ofNode && line.endsWith('(<anonymous>)'))
    return !ofNode
  })
  return kept.join('\n')
}

/** What Node has put into the message of a failed assertion is not told once more as a property. */
function withoutRepetition(error) {
  for (const name of ['actual', 'expected']) {
    if (error.generatedMessage && !(error[name] instanceof Error)) delete error[name]
  }
  for (const name of ['generatedMessage', 'operator', 'code', 'diff']) delete error[name]
}
