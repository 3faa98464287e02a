// The reporter that runs inside each test file's process: it passes what happens to scripts/test-files.mjs, one JSON
// line for each event, through file descriptor 3, so that what the tests print can't mix with it.
import { writeSync } from 'node:fs'
import { explain } from './explain.mjs'

export default async function* report(events) {
  const names = []
  for await (const { type, data } of events) {
    if (type === 'test:enqueue' || type === 'test:dequeue') {
      send({ event: type.slice('test:'.length), name: data.name })
    } else if (type === 'test:start') {
      names.length = data.nesting
      names[data.nesting] = data.name
    } else if (type === 'test:pass' || type === 'test:fail') {
      const name = [...names.slice(0, data.nesting), data.name].join(' > ')
      send({ event: 'end', outcome: outcomeOf(type, data), title: data.name, name, ...reasonOf(data) })
    } else if (type === 'test:diagnostic' && /asynchronous activity/.test(data.message)) {
      // An error that came after its test had ended: the file fails by it, and no test does.
      process.stderr.write(`${data.message}\n`)
    }
    yield ''
  }
  send({ event: 'finished' })
}

function outcomeOf(type, data) {
  if (data.details.type === 'suite') return type === 'test:fail' && failsByItself(data) ? 'failed' : 'suite'
  if (data.skip === 'test name does not match pattern') return 'left out'
  if (data.skip !== undefined && data.skip !== false) return 'skipped'
  if (data.todo !== undefined && data.todo !== false) return 'skipped'
  if (type === 'test:pass') return 'passed'
  return data.details.error?.failureType === 'subtestsFailed' ? 'suite' : 'failed'
}

/** False for a suite that failed with what is inside it, which has been counted: only its own hooks and body are news. */
function failsByItself(data) {
  return !['subtestsFailed', 'cancelledByParent', 'parentAlreadyFinished'].includes(data.details.error?.failureType)
}

function reasonOf(data) {
  const error = data.details.error
  if (error) return { reason: data.todo === undefined ? explain(error) : explain(error).split('\n')[0] }
  const mark = typeof data.skip === 'string' ? data.skip : typeof data.todo === 'string' ? data.todo : undefined
  return mark ? { reason: mark } : {}
}

function send(message) {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`)
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(3, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}
