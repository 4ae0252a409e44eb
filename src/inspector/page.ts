/** The page of the inspector, as it is before its script runs. */

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? '')

export function pageFor(name: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escape(name)} – Pebre inspector</title>
<link rel="icon" href="data:,">
<style>html, body { height: 100%; margin: 0 }</style>
</head>
<body>
<div id="inspector" data-name="${escape(name)}" style="height: 100%"></div>
<script type="module" src="/client/main.js"></script>
</body>
</html>
`
}
