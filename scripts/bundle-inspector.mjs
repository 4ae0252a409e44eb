// Part of `npm run build`: the page of the inspector, with the packages it draws with, as two files that need nothing else. They
// take the places of what the compiler made; its other files of the page are removed.
import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = fileURLToPath(new URL('../dist/inspector/client/', import.meta.url))
const pages = ['app.js', 'main.js']

/** The page's own start imports the component, which others may import too. */
/** @type {import('esbuild').Plugin} */
const appApart = {
  name: 'app-apart',
  setup(context) {
    context.onResolve({ filter: /^\.\/app\.js$/ }, ({ path, kind }) => (kind === 'entry-point' ? undefined : { path, external: true }))
  },
}

for (const page of pages) {
  await build({
    entryPoints: [folder + page],
    outfile: folder + page,
    allowOverwrite: true,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'eof',
    loader: { '.css': 'text' },
    plugins: [appApart],
    logLevel: 'warning',
  })
}
for (const name of readdirSync(folder)) {
  if (/\.js(\.map)?$/.test(name) && !pages.some((page) => name.startsWith(page))) rmSync(folder + name)
}
