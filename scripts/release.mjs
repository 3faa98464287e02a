// npm run release -- VERSION [--dry-run]: prepares a release and publishes nothing. See `usage`, and docs/releasing.md.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hasSection, unreleasedEntries, withRelease } from './changelog.mjs'
import { attw, npm, publint, root, run } from './steps.mjs'

const usage = `Usage: npm run release -- VERSION [--dry-run]

  npm run release -- 0.2.0             checks, writes the version and the changelog, packs, checks the package
  npm run release -- minor             the same; patch, minor or major is counted from the version in package.json
  npm run release -- 0.2.0 --dry-run   says what would be written, and checks and packs what is there; changes no file

It commits nothing, tags nothing and publishes nothing: it prints the commands for that.`

const packages = join(root, '.cache/release')

process.exitCode = await release()

async function release() {
  const { values, positionals } = argumentsOrExit()
  if (values.help || positionals.length !== 1) {
    console.log(usage)
    return values.help ? 0 : 2
  }
  const manifest = JSON.parse(read('package.json'))
  const version = next(manifest.version, positionals[0])
  if (version === undefined)
    return refuse(`'${positionals[0]}' is not a version such as 0.2.0, nor patch, minor or major`)
  const trouble = obstacle(manifest.version, version)
  if (trouble) return refuse(trouble)

  const date = new Date().toISOString().slice(0, 10)
  console.log(`Release ${version} (package.json has ${manifest.version}). Its entry in CHANGELOG.md:\n`)
  console.log(`## ${version} - ${date}\n\n${unreleasedEntries(read('CHANGELOG.md'))}\n`)

  // The whole run builds, checks types, lints and tests; nothing is written before it has passed.
  for (const step of [['build', '--', '--clean'], ['test'], ['reference', '--', '--check']])
    if ((await npm(['run', ...step])) !== 0) return refuse(`npm run ${step.join(' ')} failed; nothing was changed`)

  if (!values['dry-run']) write(manifest.version, version, date)
  const archive = await pack()
  if (archive === undefined || !(await isSound(archive))) {
    return refuse(`the package is not as it should be${values['dry-run'] ? '' : '; undo with: git checkout -- .'}`)
  }
  console.log(values['dry-run'] ? '\nThat was a dry run: no file was changed.' : instructions(version, archive))
  return 0
}

/** Why the release can't be made from what is here, or undefined. */
function obstacle(current, version) {
  if (compare(version, current) < 0) return `${version} is lower than ${current} of package.json`
  const changelog = read('CHANGELOG.md')
  if (hasSection(changelog, version)) return `CHANGELOG.md has a section for ${version} already`
  if (!unreleasedEntries(changelog)) return 'CHANGELOG.md has no entry under "## Unreleased"'
  if (git('tag', '--list', `v${version}`) !== '') return `the tag v${version} exists already`
  if (git('status', '--porcelain') !== '') return 'there are changes that are not committed: commit or stash them first'
  return undefined
}

function write(current, version, date) {
  writeFileSync(join(root, 'CHANGELOG.md'), withRelease(read('CHANGELOG.md'), version, date))
  for (const path of ['package.json', 'package-lock.json']) {
    const content = JSON.parse(read(path))
    content.version = version
    if (content.packages?.['']) content.packages[''].version = version
    writeFileSync(join(root, path), `${JSON.stringify(content, undefined, 2)}\n`)
  }
  console.log(`wrote ${version} into package.json, package-lock.json and CHANGELOG.md (was ${current})`)
}

/** Makes the archive that would be published and gives its path. */
async function pack() {
  rmSync(packages, { recursive: true, force: true })
  mkdirSync(packages, { recursive: true })
  // What was built has been tested; its maps are left out of the package, and that is all that `prepack` does now.
  const code = await npm(['pack', '--loglevel=error', '--pack-destination', packages])
  const { name, version } = JSON.parse(read('package.json'))
  const archive = join(packages, `${name}-${version}.tgz`)
  return code === 0 && existsSync(archive) ? archive : undefined
}

/** Looks at the archive as its users will: two linters of packages, and an empty folder in which it is installed and imported. */
async function isSound(archive) {
  if ((await run(process.execPath, [publint, 'run', '--strict', archive])) !== 0) return false
  if ((await run(process.execPath, [attw, '--profile', 'esm-only', '--no-emoji', archive])) !== 0) return false
  const folder = mkdtempSync(join(tmpdir(), 'skein-release-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', archive]
    if ((await npm(install, { cwd: folder })) !== 0) return false
    const { name, exports } = JSON.parse(read('package.json'))
    const specifiers = Object.keys(exports)
      .filter(path => !path.endsWith('.json'))
      .map(path => `'${name}${path.slice(1)}'`)
    const code = `for (const each of [${specifiers.join()}]) await import(each)\nconsole.log('imported ${specifiers.length} entry points')\n`
    writeFileSync(join(folder, 'imports.mjs'), code)
    return (await run(process.execPath, ['imports.mjs'], { cwd: folder })) === 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function instructions(version, archive) {
  return `
${archive} is ready. What is left, once you have looked at 'git diff':

  git commit -am "Release ${version}"
  git tag -a v${version} -m "Release ${version}"
  npm publish ${archive}
  git push --follow-tags

To give it up: git checkout -- .`
}

function next(current, asked) {
  if (/^\d+\.\d+\.\d+(?:-[\da-z.-]+)?$/i.test(asked)) return asked
  const [major, minor, patch] = current.split('-')[0].split('.').map(Number)
  if (asked === 'major') return `${major + 1}.0.0`
  if (asked === 'minor') return `${major}.${minor + 1}.0`
  if (asked === 'patch') return `${major}.${minor}.${patch + 1}`
  return undefined
}

/** Below 0 if `a` is the lower version. A version with a suffix comes before the one without. */
function compare(a, b) {
  const [first, second] = [a, b].map(each => each.split('-'))
  const order = first[0].localeCompare(second[0], 'en', { numeric: true })
  if (order !== 0) return order
  return Number(second.length > 1) - Number(first.length > 1)
}

function read(path) {
  return readFileSync(join(root, path), 'utf8')
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
}

function refuse(why) {
  console.error(`no release: ${why}`)
  return 1
}

function argumentsOrExit() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, 'dry-run': { type: 'boolean', default: false } },
    })
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`)
    process.exit(2)
  }
}
