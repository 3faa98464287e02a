import assert from 'node:assert/strict'
import { call, errorsOf } from 'skein'
import type { LogLine } from '#skein/core/events/log-line.js'
import { stepAsk } from '#skein/core/scope/services.js'
import { messageOf } from '#skein/core/errors/foreign.js'
import { linesOf, linesReach } from '../files.ts'
import { runWith } from '../run-with.ts'
import { theme, type Theme } from '../suite.ts'
import {
  hangsInUndo,
  hardToUndo,
  inOrder,
  inside,
  items,
  sideBySide,
  stubborn,
  travel,
  wrongOptions,
} from '../tasks/steps.ts'

const noMoney = { name: 'RangeError', message: 'no money' }

export const stepping: Theme = theme('the steps of a task', add => {
  add('are tried again as they say, in one attempt of the task, and the log says so', async ({ shared }) => {
    const lines: LogLine[] = []
    const { outcome } = await runWith(shared, call(stubborn, 2, 3), { services: { log: line => lines.push(line) } })
      .ended
    assert.deepEqual(outcome, { state: 'done', value: [3, 1] })
    assert.deepEqual(
      lines.map(({ text, fields }) => [text, fields?.['attempt'], fields?.['error']]),
      [
        ["step 'knock' failed, and is tried again", 1, 'run 1 fails'],
        ["step 'knock' failed, and is tried again", 2, 'run 2 fails'],
      ],
    )
    await assert.rejects(shared.run(stubborn, 2, 1), { name: 'RangeError', message: 'run 2 fails' })
  })

  add('are left as they are where it ends well', async ({ shared, file }) => {
    assert.equal(await shared.run(travel, file('notes'), 'well'), 2)
    assert.deepEqual(linesOf(file('notes')), ['book train', 'book hotel'])
  })

  add('are undone with their values where it fails, the last one first', async ({ shared, file }) => {
    await assert.rejects(shared.run(travel, file('notes'), 'fails'), noMoney)
    assert.deepEqual(linesOf(file('notes')), ['book train', 'book hotel', 'cancel hotel 7', 'cancel train 7'])
  })

  add('that have failed are not undone, and those before them are', async ({ shared, file }) => {
    await assert.rejects(shared.run(travel, file('notes'), 'unbooked', ['train']), { message: 'no seat' })
    assert.deepEqual(linesOf(file('notes')), ['book train', 'cancel train 7'])
  })

  add('are undone where it is cancelled', async ({ shared, file }) => {
    const job = await shared.submit(travel, file('notes'), 'waits')
    await linesReach(file('notes'), 3)
    await job.cancel('changed my mind')
    assert.deepEqual(linesOf(file('notes')).slice(-2), ['cancel hotel 7', 'cancel train 7'])
  })

  add('are undone each, and tried again like the step, and what cannot be is told beside', async ({ shared, file }) => {
    const error: unknown = await shared.run(hardToUndo, file('notes'), 2).catch((error: unknown) => error)
    assert.deepEqual(linesOf(file('notes')), ['last is undone in run 3', 'first is undone'])
    assert.deepEqual(errorsOf(error).map(messageOf), ['no money', 'never'])
  })

  add('are undone once all in it has ended, between what it had opened before and after', async ({ shared, file }) => {
    await assert.rejects(shared.run(inOrder, file('notes')), noMoney)
    assert.deepEqual(linesOf(file('notes')), ['the child has ended', 'close the page', 'undo', 'close the connection'])
  })

  add('are not undone for ever', async ({ shared }) => {
    const error: unknown = await shared.run(hangsInUndo).catch((error: unknown) => error)
    const [first, second] = errorsOf(error) as { code?: string; message: string }[]
    assert.deepEqual([first?.message, second?.code], ['no money', 'SKEIN_TIMEOUT'])
  })

  add('are undone in that item of several which has failed', async ({ shared, file }) => {
    const given = [1, 2, 3, 4].map(item => [file('notes'), item] as const)
    const results = []
    for await (const each of shared.map(items, given, { chunk: 4, settle: true, ordered: true }))
      results.push(each.state)
    assert.deepEqual(results, ['failed', 'done', 'failed', 'done'])
    assert.deepEqual([...linesOf(file('notes'))].sort(), ['book 1', 'book 2', 'book 3', 'book 4', 'undo 1', 'undo 3'])
  })

  add('cannot begin inside each other', async ({ shared }) => {
    for (const how of ['in the body', 'in a scope', 'in a child'] as const) {
      await assert.rejects(shared.run(inside, how), {
        code: 'SKEIN_INVALID_ARGUMENT',
        message: /The step 'inner' was begun inside another one, 'outer'/,
      })
    }
    const error: unknown = await shared.run(inside, 'in an undo').catch((error: unknown) => error)
    assert.match(messageOf(errorsOf(error)[1]), /'inner' was begun inside another one, 'outer'/)
  })

  add('may run side by side, ten thousand of them', async ({ shared }) => {
    assert.equal(await shared.run(sideBySide, 10_000), 49_995_000)
  })

  add('refuse options that cannot be', async ({ shared }) => {
    for (const [options, message] of [
      ['{"retries":-1}', /retries must be/],
      ['{"retries":{"times":"x"}}', /retries\.times must be/],
      ['{"retries":{"often":3}}', /often/],
      ['{"undo":"book"}', /undo must be a function/],
      ['{"undoTimeout":"soon"}', /undoTimeout/],
      ['{"retry":3}', /retry.*Did you mean retries|retries/],
    ] as const) {
      await assert.rejects(shared.run(wrongOptions, options), { code: 'SKEIN_INVALID_ARGUMENT', message })
    }
  })

  add('are undone only in the run that is for that, where somebody keeps them', async ({ shared, file }) => {
    const asked: unknown[] = []
    const kept = new Map<string, unknown>()
    const run = async (undo: boolean): Promise<string[]> => {
      asked.length = 0
      const ask = async (kind: string, value: unknown): Promise<unknown> => {
        if (kind !== stepAsk.get) asked.push([kind, value])
        if (kind === stepAsk.put) kept.set((value as { name: string }).name, (value as { value: unknown }).value)
        const { name } = value as { name: string }
        if (kind === stepAsk.get && kept.has(name)) return { value: kept.get(name), undo }
        return undefined
      }
      const { outcome } = await runWith(shared, call(travel, file('notes'), 'fails'), { services: { ask } }).ended
      assert.equal(outcome.state, 'failed')
      return linesOf(file('notes'))
    }
    assert.deepEqual(await run(false), ['book train', 'book hotel'])
    assert.deepEqual(asked, [
      [stepAsk.put, { name: 'train', value: 'train 7', undo: true }],
      [stepAsk.put, { name: 'hotel', value: 'hotel 7', undo: true }],
    ])
    assert.deepEqual((await run(true)).slice(2), ['cancel hotel 7', 'cancel train 7'])
    assert.deepEqual(asked, [
      [stepAsk.undone, { name: 'hotel' }],
      [stepAsk.undone, { name: 'train' }],
    ])
  })

  add('are not undone any more when it cannot be kept that one has been', async ({ shared, file }) => {
    const ask = async (kind: string): Promise<unknown> => {
      if (kind === stepAsk.undone) throw new RangeError('its lease was lost')
      return kind === stepAsk.get ? { value: 'kept', undo: true } : undefined
    }
    await runWith(shared, call(travel, file('notes'), 'fails'), { services: { ask } }).ended
    assert.deepEqual(linesOf(file('notes')), ['cancel kept'])
  })

  add('say which of them could not be undone, where somebody keeps them', async ({ shared, file }) => {
    const undone: { name: string; error?: unknown }[] = []
    const ask = async (kind: string, value: unknown): Promise<unknown> => {
      if (kind === stepAsk.undone) undone.push(value as { name: string })
      return kind === stepAsk.get ? { value: 1, undo: true } : undefined
    }
    await runWith(shared, call(hardToUndo, file('notes'), 0), { services: { ask } }).ended
    assert.deepEqual(
      undone.map(({ name, error }) => [name, error === undefined ? undefined : messageOf(error)]),
      [
        ['last', undefined],
        ['never', 'never'],
        ['first', undefined],
      ],
    )
  })
})
