import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { root } from '../support/paths.ts'
import { runScript, type Ran } from '../support/run-script.ts'

const changelog = `# Changelog\n\n## Unreleased\n\n### Added\n\n- one more thing\n\n## 0.1.0 - 2026-01-02\n\n- the first thing\n`

describe('npm run release', () => {
  /** A repository with a package of one module, and the scripts of this one. */
  let house = ''
  const at = (path: string): string => join(house, path)
  const read = (path: string): string => readFileSync(at(path), 'utf8')
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(at(path)), { recursive: true })
    writeFileSync(at(path), text)
  }
  const git = (...args: readonly string[]): string => {
    const own = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false']
    return execFileSync('git', [...own, ...args], { cwd: house, encoding: 'utf8' })
  }
  const release = (...args: readonly string[]): Promise<Ran> =>
    runScript(at('scripts/release.mjs'), { cwd: house, args, timeout: 120_000 })
  const commit = (): void => {
    git('add', '--all')
    git('commit', '--quiet', '--message', 'Change')
  }

  beforeEach(() => {
    house = mkdtempSync(join(tmpdir(), 'skein-releasing-'))
    for (const name of ['release', 'changelog', 'steps'])
      cpSync(join(root, `scripts/${name}.mjs`), at(`scripts/${name}.mjs`))
    symlinkSync(join(root, 'node_modules'), at('node_modules'), 'junction')
    write('.gitignore', 'node_modules\n.cache/\nran.txt\n')
    write('note.mjs', `import { appendFileSync } from 'node:fs'\nappendFileSync('ran.txt', process.argv[2] + ' ')\n`)
    const note = (step: string): string => `node note.mjs ${step}`
    const manifest = {
      name: 'skein',
      version: '0.1.0',
      type: 'module',
      license: 'MIT',
      files: ['dist'],
      exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
      scripts: { build: note('build'), test: note('test'), reference: note('reference') },
    }
    write('package.json', `${JSON.stringify(manifest, undefined, 2)}\n`)
    write(
      'package-lock.json',
      JSON.stringify({ name: 'skein', version: '0.1.0', packages: { '': { version: '0.1.0' } } }),
    )
    write('CHANGELOG.md', changelog)
    write('dist/index.js', 'export const one = 1\n')
    write('dist/index.d.ts', 'export declare const one: number\n')
    git('init', '--quiet')
    commit()
  })
  afterEach(() => rmSync(house, { recursive: true, force: true }))

  test('writes the version and the changelog, packs, checks the package, and leaves the rest to people', async () => {
    const { code, stdout, stderr } = await release('minor')
    assert.equal(code, 0, stdout + stderr)
    assert.equal(read('ran.txt'), 'build test reference ')
    assert.equal((JSON.parse(read('package.json')) as { version: string }).version, '0.2.0')
    assert.deepEqual(JSON.parse(read('package-lock.json')), {
      name: 'skein',
      version: '0.2.0',
      packages: { '': { version: '0.2.0' } },
    })
    assert.match(
      read('CHANGELOG.md'),
      /^## Unreleased\n\n## 0\.2\.0 - \d{4}-\d\d-\d\d\n\n### Added\n\n- one more thing\n\n## 0\.1\.0 - 2026-01-02\n\n- the first thing\n$/m,
    )
    assert.ok(existsSync(at('.cache/release/skein-0.2.0.tgz')))
    assert.match(stdout, /imported 1 entry points/)
    assert.match(stdout, /npm publish .*skein-0\.2\.0\.tgz/)
    assert.equal(git('tag'), '')
    assert.equal(git('log', '--oneline').trim().split('\n').length, 1)
  })

  test('with --dry-run, does and shows all of it and changes no file', async () => {
    const { code, stdout, stderr } = await release('0.2.0', '--dry-run')
    assert.equal(code, 0, stdout + stderr)
    assert.equal(read('ran.txt'), 'build test reference ')
    assert.match(stdout, /^## 0\.2\.0 - [\d-]+\n\n### Added\n\n- one more thing$/m)
    assert.match(stdout, /imported 1 entry points/)
    assert.equal(git('status', '--porcelain'), '')
  })

  test('finds a package whose types are missing', async () => {
    rmSync(at('dist/index.d.ts'))
    commit()
    const { code, stderr } = await release('0.2.0', '--dry-run')
    assert.equal(code, 1)
    assert.match(stderr, /no release: the package is not as it should be/)
  })

  test('changes nothing if a test fails', async () => {
    const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    manifest.scripts['test'] = 'node -e "process.exit(1)"'
    write('package.json', JSON.stringify(manifest))
    commit()
    const { code, stderr } = await release('0.2.0')
    assert.equal(code, 1)
    assert.match(stderr, /no release: npm run test failed; nothing was changed/)
    assert.equal(git('status', '--porcelain'), '')
  })

  const refusals: readonly [string, string, () => void, RegExp][] = [
    ['a word that is no version', 'soon', () => {}, /'soon' is not a version/],
    ['a lower version', '0.0.9', () => {}, /0\.0\.9 is lower than 0\.1\.0/],
    ['a candidate for what is released', '0.1.0-rc.1', () => {}, /0\.1\.0-rc\.1 is lower than 0\.1\.0/],
    ['a version that the changelog has', '0.1.0', () => {}, /has a section for 0\.1\.0 already/],
    ['a version that has a tag', '0.2.0', () => git('tag', 'v0.2.0'), /the tag v0\.2\.0 exists already/],
    ['changes that are not committed', '0.2.0', () => write('new.txt', ''), /not committed/],
    [
      'a changelog without entries',
      '0.2.0',
      () => {
        write(
          'CHANGELOG.md',
          '# Changelog\n\n## Unreleased\n\n### Added\n\n## 0.1.0 - 2026-01-02\n\n- the first thing\n',
        )
        commit()
      },
      /no entry under "## Unreleased"/,
    ],
  ]
  for (const [what, version, prepare, message] of refusals) {
    test(`refuses ${what}`, async () => {
      prepare()
      const { code, stderr } = await release(version)
      assert.equal(code, 1)
      assert.match(stderr, message)
      assert.ok(!existsSync(at('ran.txt')), 'a step was run')
    })
  }
})
