/**
 * A page with its tables renewed: what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` is replaced by the section of that
 * name. What a run has no section for stays as it was.
 */
export function fillPage(page, sections) {
  return page.replaceAll(/(<!-- bench:([\w-]+) -->\n)[\s\S]*?(<!-- \/bench:\2 -->)/g, (whole, begin, name, end) =>
    sections.has(name) ? `${begin}\n${sections.get(name).trim()}\n\n${end}` : whole,
  )
}
