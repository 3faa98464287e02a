// Writes the reference pages into a folder: `node generate.mjs FOLDER`. Run by scripts/reference.mjs, with the packages that are
// installed here.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, Converter, PageEvent } from 'typedoc'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The names by which programs import the entry points, and their sources. */
const doors = Object.entries(exports)
  .filter(([, entry]) => typeof entry === 'object')
  .map(([path, entry]) => ({
    specifier: path === '.' ? 'skein' : `skein/${path.slice(2)}`,
    source: join(root, entry.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')),
  }))

const introduction = `Every name that the package exports, with its docstring: a page for each, by the module from which it is imported. Editors
show the same on hover. To learn skein, begin with [the guides](../README.md).

These pages are made by \`npm run reference\`. To change one, change the docstring.`

const app = await Application.bootstrapWithPlugins({
  name: 'Reference',
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: doors.map(each => each.source),
  tsconfig: join(root, 'tsconfig.json'),
  // The build checks types, with the compiler that skein is made for.
  skipErrorChecking: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  // The project has no address, so there is nothing that lines of sources could link to.
  disableSources: true,
  disableGit: true,
  out: process.argv[2],
  readme: 'none',
  validation: { invalidLink: true, notExported: false, notDocumented: false },
  treatWarningsAsErrors: true,
  logLevel: 'Warn',
  hidePageHeader: true,
  indexFormat: 'table',
  parametersFormat: 'table',
  useHTMLAnchors: false,
})
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.children) module.name = specifierOf(project.getSymbolIdFromReflection(module).fileName)
  for (const each of Object.values(project.reflections)) {
    if (each.signatures) sayOnce(each.signatures)
    if (isForeign(each, project)) project.removeReflection(each)
  }
})
// After all that typedoc does at this moment.
app.converter.on(
  Converter.EVENT_RESOLVE_END,
  ({ project }) => {
    for (const each of Object.values(project.reflections)) leaveOutUnnamed(each)
  },
  -10_000,
)
app.renderer.on(PageEvent.END, page => {
  if (page.url === 'README.md')
    page.contents = page.contents.replace('# Reference\n', `# Reference\n\n${introduction}\n`)
})
const project = await app.convert()
if (project) await app.generateOutputs(project)
process.exitCode = !project || app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0

function specifierOf(source) {
  const door = doors.find(each => each.source === source)
  if (!door) throw new Error(`${source} is not an entry point of package.json`)
  return door.specifier
}

/** Overloads have the docstring of the first one, which is enough to be read once. */
function sayOnce([first, ...others]) {
  const words = ({ comment }) => comment && JSON.stringify([comment.summary, comment.blockTags])
  for (const other of others) if (words(other) === words(first)) delete other.comment
}

/** Members that come from JavaScript itself, such as the stack of an error. */
function isForeign(reflection, project) {
  const from =
    reflection.parent?.children?.includes(reflection) && project.getSymbolIdFromReflection(reflection)?.packageName
  return Boolean(from) && from !== 'skein'
}

/** A class that nobody can import is no help to readers who want to know where a member comes from. */
function leaveOutUnnamed(reflection) {
  for (const origin of ['inheritedFrom', 'implementationOf', 'overwrites']) delete reflection[origin]
  const isNamed = base => base.type !== 'reference' || base.reflection || base.package !== 'skein'
  for (const bases of ['extendedTypes', 'implementedTypes']) {
    const named = reflection[bases]?.filter(isNamed)
    if (named?.length) reflection[bases] = named
    else delete reflection[bases]
  }
  leaveOutOfLine(reflection, isNamed)
}

/** The line of classes above and below one, from the top. */
function leaveOutOfLine(reflection, isNamed) {
  const line = []
  for (let each = reflection.typeHierarchy; each; each = each.next) {
    const types = each.isTarget ? each.types : each.types.filter(isNamed)
    if (types.length > 0) line.push({ ...each, types, next: undefined })
  }
  for (const [at, each] of line.entries()) each.next = line[at + 1]
  reflection.typeHierarchy = line.length > 1 ? line[0] : undefined
}
