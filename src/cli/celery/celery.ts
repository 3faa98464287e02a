import { nearest } from '../../core/errors/nearest.ts'
import type { Arguments, CommandBody } from '../command.ts'
import { UsageError } from '../exit-codes.ts'
import type { Output } from '../output.ts'

/** `skein celery`: what the two languages have to know of each other's tasks. */
export const celeryCommand: CommandBody = {
  usage: [
    'skein celery types [--store URL] [--project APP] [--queue NAME] [--out FILE] [OPTIONS]',
    'skein celery stubs FILE... [--queue NAME] [--out FILE] [OPTIONS]',
  ],
  examples: [
    [
      'skein celery types --project proj:app --out python-tasks.ts',
      'contracts with the types of the Python project that is here',
    ],
    ['skein celery types --store redis://127.0.0.1:6379/0', 'by name alone: the tasks of all Celery workers that run'],
    ['skein celery types --project proj --python .venv/bin/python', 'with the packages of a virtual environment'],
    ['skein celery stubs tasks.ts --queue skein --out skein_tasks.py', 'the tasks of tasks.ts, with types, for Python'],
  ],
  about: [
    'types writes a TypeScript module with a contract for each task in Python: queue.submit(add, 1, 2) is then checked by the compiler. What may be left out in Python goes by its name into the last argument. The project is imported by a Python of its own, as celery -A would do it, from the current folder; parameters without annotations are unknown.',
    'stubs writes a Python module (3.10 or newer) with an object for each task of the files: resize.delay("cat.png"), resize.si("cat.png") with all arguments and resize.s() for chains, by name, with types that a type checker knows. It imports the files, as a worker does, and asks the TypeScript that is installed where they are for their types.',
  ],
  options: {
    out: { value: 'FILE', short: 'o', help: 'write the module into a file (default: print it)' },
    project: {
      value: 'APP',
      short: 'A',
      help: 'types: the Celery application, as for celery -A: proj, proj.tasks:app',
    },
    python: { value: 'PROGRAM', help: 'types: the Python that has the packages of the project (default: python3)' },
    store: { value: 'URL', short: 's', help: 'types: the Redis server whose workers are asked' },
    timeout: { value: 'TIME', help: 'types: how long to wait for the answers of workers (default: 1s)' },
    queue: {
      value: 'NAME',
      help: 'the queue of the calls (default: types: the one to which the project routes each task; stubs: the one to which Python routes it)',
    },
    tsconfig: { value: 'FILE', help: 'stubs: the settings of the compiler (default: the nearest tsconfig.json)' },
  },
  run: runCelery,
}

const optionsOf: Readonly<Record<string, readonly string[]>> = {
  types: ['project', 'python', 'store', 'timeout'],
  stubs: ['tsconfig'],
}

async function runCelery(args: Arguments, output: Output): Promise<number> {
  const [verb, ...words] = args.positionals
  const verbs = Object.keys(optionsOf)
  if (verb === undefined || !verbs.includes(verb)) {
    const near = verb === undefined ? undefined : nearest(verb, verbs)
    throw new UsageError(
      `${verb === undefined ? 'Say what to write' : `Unknown: skein celery ${verb}`}. ${near === undefined ? '' : `Did you mean ${near}? `}` +
        'There are: types (contracts of Python tasks) and stubs (a Python module of tasks here)',
      'celery',
    )
  }
  const strange = Object.entries(optionsOf)
    .flatMap(([other, names]) => (other === verb ? [] : names))
    .find(each => args.has(each))
  if (strange !== undefined) throw new UsageError(`--${strange} does not go with skein celery ${verb}`, 'celery')
  if (verb === 'types') return (await import('./types.ts')).types(words, args, output)
  return (await import('./stubs.ts')).stubs(words, args, output)
}
