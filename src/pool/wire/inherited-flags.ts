/** Node options of this program that must not be handed on: a second inspector on the same port, a second test runner. */
const ownOnly =
  /^--(?:inspect|debug-port|test|experimental-test|watch|prof|cpu-prof|heap-prof|eval|print|input-type|check$|interactive$|run)|^-(?:[ci]|pe?|e)$/

/** Those of them that take a value: `--eval=1` or `--eval 1`. `node --help` has the whole list. */
const withValue: ReadonlySet<string> = new Set([
  '-e',
  '--eval',
  '-p',
  '-pe',
  '--print',
  '--input-type',
  '--run',
  '--debug-port',
  '--inspect-port',
  '--inspect-publish-uid',
  '--cpu-prof-dir',
  '--cpu-prof-interval',
  '--cpu-prof-name',
  '--heap-prof-dir',
  '--heap-prof-interval',
  '--heap-prof-name',
  '--test-concurrency',
  '--test-coverage-branches',
  '--test-coverage-exclude',
  '--test-coverage-functions',
  '--test-coverage-include',
  '--test-coverage-lines',
  '--test-global-setup',
  '--test-isolation',
  '--experimental-test-isolation',
  '--test-name-pattern',
  '--test-random-seed',
  '--test-reporter',
  '--test-reporter-destination',
  '--test-rerun-failures',
  '--test-shard',
  '--test-skip-pattern',
  '--test-timeout',
  '--watch-kill-signal',
  '--watch-path',
])

/** The options of this program's Node that its processes get, too. */
export function inheritedFlags(execArgv: readonly string[]): string[] {
  const flags: string[] = []
  for (let at = 0; at < execArgv.length; at++) {
    const flag = execArgv[at] as string
    if (!ownOnly.test(flag)) flags.push(flag)
    // Node itself takes nothing that begins with a dash for a value.
    else if (withValue.has(flag) && execArgv[at + 1]?.startsWith('-') === false) at++
  }
  return flags
}

/** The options that say how modules are found and loaded; a thread takes them, and not those for the whole process. */
const ofModules = /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions)(?:=|$)/

/**
 * The options of this program's Node for its threads, where they cannot simply have all of them: how to read what was given on the command
 * line (`--input-type`) is refused for a file. Otherwise undefined.
 */
export function flagsOfThreads(execArgv: readonly string[]): string[] | undefined {
  if (!execArgv.some(flag => flag.startsWith('--input-type'))) return undefined
  const flags: string[] = []
  for (const [at, flag] of execArgv.entries()) {
    if (!ofModules.test(flag)) continue
    flags.push(flag)
    if (!flag.includes('=')) flags.push(execArgv[at + 1] as string)
  }
  return flags
}

const configFile = /^--(?:experimental-)?(?:default-)?config-file(?:=|$)/

/**
 * True where this program has options of Node from a file of configuration. A thread that inherits all options has those, too; one that is
 * given a list of options loses them.
 */
export function hasConfigFile(execArgv: readonly string[]): boolean {
  return execArgv.some(flag => configFile.test(flag))
}

/** By this condition, a worker that has the joined script finds its modules there: see `imports` in package.json. */
export const quickFlag = '--conditions=skein-worker'
