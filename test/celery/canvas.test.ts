import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Aftermath, aftermathOf, aftermathOfChord, type CallEnd } from '#skein/celery/canvas/aftermath.js'
import { readEnvelope } from '#skein/celery/envelope.js'
import { decodeMessage } from '#skein/celery/read-message.js'
import { sample, sound } from './samples.ts'

// oxlint-disable-next-line no-explicit-any
type Loose = any

/** What follows a sample once its task has ended. */
function after(name: string, end: CallEnd, knows?: (task: string) => boolean): Aftermath {
  const { headers, body } = sound(readEnvelope(sample('canvas', name).raw))
  return afterMessage(headers, sound(body), end, knows)
}

function afterMessage(headers: string, body: string, end: CallEnd, knows?: (task: string) => boolean): Aftermath {
  let ids = 0
  const id = (JSON.parse(headers) as { id: string }).id
  const terms = { newId: () => `new ${++ids}`, ...(knows ? { knows } : {}) }
  return aftermathOf({ id, queue: 'ts', headers, body }, end, terms)
}

const done = (result: string): CallEnd => ({ state: 'done', result })
const failed: CallEnd = {
  state: 'failed',
  error: '{"exc_type":"ValueError","exc_message":["a",2],"exc_module":"builtins","traceback":"T"}',
}

/** A message: its headers and its body, parsed. */
function opened({ headers, body }: { headers: string; body: string }): { headers: Loose; body: Loose } {
  assert.ok(!(decodeMessage(headers, body) instanceof Error))
  return { headers: JSON.parse(headers), body: JSON.parse(body) }
}

/** The headers that do not depend on who sends it, and when. */
function lasting(headers: Loose): Loose {
  return { ...headers, lang: '', origin: '' }
}

const plain = (task: string, args: string, more = '', immutable = false): string =>
  `{"task":"${task}","args":${args},"kwargs":{},"options":{${more}},"subtask_type":null,"immutable":${immutable}}`
const message = (embed: string): string =>
  `[[1],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null,${embed}}]`
const headers = '{"lang":"py","task":"t","id":"i","root_id":"r"}'

describe('what follows a call of Celery', () => {
  test('is the next step of its chain, with its result in front and the rest behind', () => {
    const { calls } = after('chain-first.redis', done('3'))
    assert.equal(calls.length, 1)
    const { body, headers } = opened(calls[0]!)
    const first = sample('canvas', 'chain-first.redis').body as Loose
    assert.deepEqual(body[0], [3, 4])
    assert.deepEqual(body[2].chain, [first[2].chain[0]])
    assert.deepEqual(
      [headers.id, headers.root_id, headers.parent_id],
      [
        first[2].chain[1].options.task_id,
        sample('canvas', 'chain-first.redis').envelope.headers['id'],
        sample('canvas', 'chain-first.redis').envelope.headers['id'],
      ],
    )
  })

  for (const name of ['chain-task-group-task.redis', 'chain-task-group-task-5.7.redis']) {
    test(`is the header of a chord that it reaches, each member with the body in its message: ${name}`, () => {
      const { calls, chords, children } = after(name, done('2'))
      const chord = (sample('canvas', name).body as Loose)[2].chain[0]
      const group = chord.kwargs.header.options.task_id
      assert.deepEqual(chords, [{ group, size: 2 }])
      const members = calls.map(opened)
      assert.deepEqual(
        members.map(({ headers, body }) => [headers.id, headers.group, headers.group_index, body[0]]),
        [
          [chord.kwargs.header.kwargs.tasks[0].options.task_id, group, 0, [2, 2]],
          [chord.kwargs.header.kwargs.tasks[1].options.task_id, group, 1, [2, 3]],
        ],
      )
      for (const { body, headers } of members) {
        const { task, options } = body[2].chord
        assert.deepEqual(
          [task, options.task_id, options.group_id],
          ['proj.tasks.tsum', chord.kwargs.body.options.task_id, group],
        )
        assert.equal(headers.parent_id, sample('canvas', name).envelope.headers['id'])
      }
      assert.equal(JSON.parse(children)[0][0][0], group)
    })
  }

  test('is a part of its chord, as Celery writes it, and the body once all are there, as Celery sends it', () => {
    const [one, two] = [after('chord-header-0.redis', done('2')), after('chord-header-1.redis', done('4'))]
    const part = one.parts[0]!
    const { id, group } = sample('canvas', 'chord-header-0.redis').envelope.headers as Loose
    assert.deepEqual([part.group, part.score, part.id, part.entry], [group, '0', id, `[1,"${id}","SUCCESS",2]`])
    assert.equal(two.parts[0]!.score, '1')
    const ended = aftermathOfChord(part.chord, [part.entry, two.parts[0]!.entry], { newId: () => 'new' })
    assert.equal(ended.failed, false)
    assert.equal(ended.calls.length, 1)
    const { headers, body } = opened(ended.calls[0]!)
    const golden = sample('canvas', 'chord-body-after-header.redis')
    assert.deepEqual(body[0], (golden.body as Loose)[0])
    assert.deepEqual(
      { ...lasting(headers), id: '', group: '', root_id: '', parent_id: '' },
      { ...lasting(golden.envelope.headers), id: '', group: '', root_id: '', parent_id: '' },
    )
    assert.deepEqual([headers.group, headers.parent_id, headers.root_id], [group, id, id])
  })

  test('is a failed part, and then the error of the chord for its body, whose errbacks are told', () => {
    const { parts } = afterMessage(
      '{"lang":"py","task":"t","id":"i","root_id":"i","group":"g","group_index":1}',
      message(`"chord":${plain('b', '[]', `"task_id":"body","group_id":"g","link_error":[${plain('tell', '[]')}]`)}`),
      failed,
    )
    const { entry, chord } = parts[0]!
    assert.equal(entry, '[1,"i","FAILURE",{"exc_type":"ValueError","exc_message":["a",2],"exc_module":"builtins"}]')
    const {
      never,
      calls,
      failed: isFailed,
    } = aftermathOfChord(chord, ['[1,"x","SUCCESS",1]', entry], { newId: () => 'new' })
    assert.equal(isFailed, true)
    assert.deepEqual(
      [never[0]!.id, never[0]!.state, JSON.parse(never[0]!.error).exc_message],
      ['body', 'failed', ["Dependency i raised ValueError('a', 2)"]],
    )
    const { headers: told, body } = opened(calls[0]!)
    const golden = sample('tasks', 'errback-chord-message.redis').envelope.headers as Loose
    assert.deepEqual(
      [told.root_id, told.parent_id, body[0], told.group_index],
      ['body', 'body', ['body'], golden.group_index],
    )
    assert.deepEqual(Object.keys(told), Object.keys(golden))
  })

  test('are its errbacks, each with the id of what has failed, and all that was to come is failed with it', () => {
    const chain = `[${plain('c', '[]', '"task_id":"third"')},${plain('b', '[]', '"task_id":"second"')}]`
    const { calls, never } = afterMessage(
      headers,
      message(`"errbacks":[${plain('tell', '[1]')}],"chain":${chain}`),
      failed,
    )
    const { headers: told, body } = opened(calls[0]!)
    assert.deepEqual(
      [told.task, told.root_id, told.parent_id, told.group_index, body[0]],
      ['tell', 'r', 'i', 0, ['i', 1]],
    )
    assert.deepEqual(
      never.map(({ id, error }) => [id, error]),
      [
        ['second', (failed as { error: string }).error],
        ['third', (failed as { error: string }).error],
      ],
    )
  })

  test('is counted in the chord of the last step of a chain that never comes to it', () => {
    const step = (sample('canvas', 'chord-header-nested-chain.redis').body as Loose)[2].chain[0]
    const { parts } = after('chord-header-nested-chain.redis', failed)
    assert.deepEqual(
      parts.map(({ id, group, score }) => [id, group, score]),
      [[step.options.task_id, step.options.group_id, '2']],
    )
  })

  test('has the stamps of its signature, its limits, and a time to start and to expire', () => {
    const { calls } = after('chain-stamped.redis', done('3'))
    const { headers: stamped } = opened(calls[0]!)
    assert.deepEqual([stamped.stamps, stamped.stamped_headers], [{ y: [1, 2], x: '1' }, ['y', 'x']])
    const options =
      '"time_limit":30,"soft_time_limit":20,"countdown":60,"expires":120,"shadow":"s","priority":5,"queue":"q","headers":{"x-h":[1.0]},"ignore_result":true'
    const { calls: limited } = afterMessage(headers, message(`"callbacks":[${plain('b', '[]', options)}]`), done('1'))
    const { headers: of } = opened(limited[0]!)
    assert.deepEqual([of.timelimit, of.shadow, of['x-h'], of.ignore_result], [[30, 20], 's', [1], true])
    assert.match(limited[0]!.headers, /"x-h":\[1\.0\]/)
    const { delay, expires, priority, queue, ignoreResult } = limited[0]!
    assert.deepEqual([delay, expires, priority, queue, ignoreResult], [60_000, 120_000, 5, 'q', true])
    assert.ok(Math.abs(Date.parse(of.eta) - Date.now() - 60_000) < 30_000)
  })

  test('goes to the queue that it names, else to that of the call before if its task is known here, else to that of Celery', () => {
    const embed = message(`"callbacks":[${plain('a', '[]', '"queue":"q"')},${plain('b', '[]')},${plain('c', '[]')}]`)
    const queues = (lang: string): string[] =>
      afterMessage(headers.replace('py', lang), embed, done('1'), task => task === 'b').calls.map(({ queue }) => queue)
    assert.deepEqual(queues('py'), ['q', 'ts', 'celery'])
    assert.deepEqual(queues('js'), ['q', 'ts', 'ts'])
  })

  test('has no value of it changed: numbers look as they did, and tagged objects are what they were', () => {
    const value = '{"__type__":"uuid","__value__":{"hex":"00"}}'
    const { calls } = afterMessage(
      headers,
      message(`"callbacks":[${plain('b', `[1.0,1e16,${value}]`)}]`),
      done('[1.0,-0.0]'),
    )
    assert.equal(calls[0]!.body.startsWith(`[[[1.0,-0.0],1.0,1e16,${value}],{}`), true)
  })

  test('an empty header is no header, and a group of one in a chain is that one', () => {
    const chord = `{"task":"celery.chord","args":[],"kwargs":{"kwargs":{},"header":[],"body":${plain('b', '[]')}},"options":{},"subtask_type":"chord","immutable":false}`
    const { calls, chords } = afterMessage(headers, message(`"callbacks":[${chord}]`), done('1'))
    assert.deepEqual([chords, opened(calls[0]!).body[0]], [[], [[]]])
    const group = `{"task":"celery.group","args":[],"kwargs":{"tasks":[${plain('g', '[]')}]},"options":{},"subtask_type":"group","immutable":false}`
    const chain = `{"task":"celery.chain","args":[],"kwargs":{"tasks":[${group},${plain('b', '[]')}]},"options":{},"subtask_type":"chain","immutable":false}`
    const { calls: steps, chords: none } = afterMessage(headers, message(`"callbacks":[${chain}]`), done('1'))
    assert.deepEqual([none, steps.map(({ task }) => task), opened(steps[0]!).body[2].chain[0].task], [[], ['g'], 'b'])
  })

  test('a header whose members have lists for results is saved, and the body gets those', () => {
    const group = `{"task":"celery.group","args":[],"kwargs":{"tasks":[${plain('g', '[]', '"task_id":"g1"')},${plain('g', '[]', '"task_id":"g2"')}]},"options":{"task_id":"gg"},"subtask_type":"group","immutable":false}`
    const chain = `{"task":"celery.chain","args":[],"kwargs":{"tasks":[${plain('a', '[]')},${group}]},"options":{},"subtask_type":"chain","immutable":false}`
    const chord = `{"task":"celery.chord","args":[],"kwargs":{"kwargs":{},"header":[${chain},${plain('x', '[]', '"task_id":"x"')}],"body":${plain('b', '[]')}},"options":{},"subtask_type":"chord","immutable":false}`
    const { chords, calls } = afterMessage(headers, message(`"callbacks":[${chord}]`), done('1'))
    assert.equal(chords[0]!.size, 3)
    const record = chords[0]!.saved!
    assert.deepEqual(JSON.parse(record).result[1], [
      [
        ['gg', null],
        [
          [['g1', null], null],
          [['g2', null], null],
        ],
      ],
      [['x', null], null],
    ])
    const results = new Map(['g1', 'g2', 'x'].map((id, at) => [id, `{"status":"SUCCESS","result":${at}.0}`]))
    const waiting = afterMessage(calls[1]!.headers, calls[1]!.body, done('9')).parts[0]!.chord
    const { calls: bodies } = aftermathOfChord(waiting, [], { newId: () => 'n' }, { record, results })
    assert.equal(bodies[0]!.body.startsWith('[[[[0.0,1.0],2.0]],{}'), true)
  })
})
