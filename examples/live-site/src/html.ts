/** Pieces of HTML. */
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? char)
}

/** Attributes with a space before each; those that are undefined are left out. */
export function attributes(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return given.map(([name, value]) => ` ${name}="${escapeHtml(value ?? '')}"`).join('')
}

/** A whole page for what has no page of its own: something missing, something broken. */
export function notice(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="/_site/icon.svg">
<link rel="stylesheet" href="/_site/site.css">
</head>
<body class="notice">
<main>
<h1>${escapeHtml(title)}</h1>
${body}
<p><a href="/">To the first page</a></p>
</main>
</body>
</html>
`
}
