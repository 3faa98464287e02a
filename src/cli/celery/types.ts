import { writeFileSync } from 'node:fs'
import { withoutSecret } from '../../stores/without-secret.ts'
import type { Arguments } from '../command.ts'
import { durationOf } from '../duration-option.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { type Output, OutputError, say } from '../output.ts'
import { queueName } from '../queue/queue-names.ts'
import { plural } from '../ui/amount.ts'
import { any, type Signature } from './signature.ts'

/** `skein celery types`: writes contracts for the tasks of a Celery project. */
export async function types(words: readonly string[], args: Arguments, output: Output): Promise<number> {
  if (words.length > 0) throw new UsageError(`skein celery types takes options alone, not '${words[0]}'`, 'celery')
  const places = placesOf(args)
  const queue = args.text('queue') === undefined ? undefined : queueName(args.text('queue') as string, 'celery')
  const { known, registered } = await found(args, places)
  const signatures = merged(known, registered).map(each => (queue === undefined ? each : { ...each, queue }))
  if (signatures.length === 0) {
    say(
      places.store === undefined
        ? `skein: ${places.project} has no tasks, or they are in modules that it does not import: see include, and autodiscover_tasks`
        : 'skein: No worker has answered. Is one running, on this server and this database? skein celery types --project proj:app needs none',
    )
    return exitCodes.someFailed
  }
  const workersOf = (task: string): string[] =>
    [...(registered ?? [])].flatMap(([name, tasks]) => (tasks.includes(task) ? [name] : []))
  if (args.has('json')) {
    for (const each of signatures) {
      await output.json(
        JSON.stringify({ ...each, ...(registered === undefined ? {} : { workers: workersOf(each.task) }) }),
      )
    }
  }
  const { contractsText } = await import('./contracts-text.ts')
  await writeModule(
    contractsText(signatures, 'skein celery types'),
    `${plural(signatures.length, 'contract')}`,
    args,
    output,
  )
  const nowhere = registered === undefined ? [] : signatures.filter(each => workersOf(each.task).length === 0)
  if (nowhere.length > 0 && !args.has('quiet'))
    say(`skein: No running worker knows ${nowhere.map(each => each.task).join(', ')}`)
  return exitCodes.fine
}

/** The places in which the tasks are looked for. */
interface Places {
  readonly project: string | undefined
  readonly store: string | undefined
}

function placesOf(args: Arguments): Places {
  const project = args.text('project')
  const store = args.text('store') ?? (project === undefined ? process.env['SKEIN_STORE'] : undefined)
  if (project === undefined && (store === undefined || store === '')) {
    throw new UsageError(
      'Say where the tasks are: skein celery types --store redis://127.0.0.1:6379/0 asks the workers that run, --project proj:app ' +
        'reads the project, and both together do both',
      'celery',
    )
  }
  if (project === undefined && args.has('python'))
    throw new UsageError('--python goes with --project: it is the Python that reads the project', 'celery')
  if (store !== undefined && !/^rediss?:/.test(store)) {
    throw new UsageError(
      `Workers in Python are asked over a Redis server, as in --store redis://127.0.0.1:6379/0, got ${withoutSecret(store)}`,
      'celery',
    )
  }
  return { project, store }
}

/** The tasks that are known: to the project, if it was asked, and to each worker, if they were. */
interface Found {
  readonly known: readonly Signature[]
  readonly registered?: ReadonlyMap<string, readonly string[]>
}

async function found(args: Arguments, { project, store }: Places): Promise<Found> {
  const within = durationOf(args, 'timeout') ?? 1_000
  const known =
    project === undefined
      ? []
      : await (await import('./python-project.ts')).tasksOfProject(project, args.text('python') ?? 'python3')
  if (store === undefined) return { known }
  return { known, registered: await (await import('./ask-workers.ts')).tasksOfWorkers(store, within) }
}

/** By their names: those of the project, and of the others as much as a name says. */
function merged(known: readonly Signature[], registered: Found['registered']): Signature[] {
  const all = new Map(known.map(each => [each.task, each]))
  for (const task of [...(registered?.values() ?? [])].flat()) {
    if (!all.has(task)) all.set(task, { task, returns: any })
  }
  return [...all.values()].sort((a, b) => (a.task < b.task ? -1 : 1))
}

/** Writes a module into the file that was named, else to standard output. */
export async function writeModule(text: string, what: string, args: Arguments, output: Output): Promise<void> {
  const file = args.text('out')
  if (file === undefined) {
    if (!args.has('json')) await output.lines(text.trimEnd().split('\n'))
    return
  }
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new OutputError(file, error)
  }
  if (!args.has('json')) await output.lines([`${what} in ${file}.`])
}
