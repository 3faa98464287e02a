// Reads and changes the text of CHANGELOG.md, whose sections begin with `## Unreleased` or `## VERSION - DATE`.

const unreleased = /^## Unreleased[ \t]*\n([\s\S]*?)(?=^## |(?![\s\S]))/m

/** The entries that are not released, or undefined if there is none. */
export function unreleasedEntries(text) {
  const entries = unreleased.exec(text)?.[1].trim()
  return entries && /^- /m.test(entries) ? entries : undefined
}

/** Whether a version has a section. */
export function hasSection(text, version) {
  return text.split('\n').some(line => line === `## ${version}` || line.startsWith(`## ${version} `))
}

/** The text in which the unreleased entries belong to a version, under a new, empty section for what comes next. */
export function withRelease(text, version, date) {
  const entries = unreleasedEntries(text)
  return text.replace(unreleased, () => `## Unreleased\n\n## ${version} - ${date}\n\n${entries}\n\n`).trimEnd() + '\n'
}
