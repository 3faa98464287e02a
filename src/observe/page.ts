import { escapeHtml as e } from './escape.ts'

/** The parts of a page. All but `title` are HTML. */
interface PageParts {
  /** Above the heading and in the title of the window, as in `skein timeline`. */
  readonly brand: string
  readonly title: string
  readonly styles: string
  /** Under the heading. */
  readonly facts: string
  readonly main: string
  /** After all that they work on. */
  readonly scripts: string
}

/** A page that needs nothing else: what it shows, how it looks and what moves in it are one file. */
export function htmlPage({ brand, title, styles, facts, main, scripts }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${e(title)}: ${brand}</title>
<style>
${styles}
</style>
</head>
<body>
<header>
<p class="brand">${brand}</p>
<h1>${e(title)}</h1>
${facts}
</header>
<main>
${main}
</main>
${scripts}
</body>
</html>
`
}
