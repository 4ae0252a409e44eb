// `npm run size`: what each entry point weighs in a browser bundle. "own" is the entry's own code, without the
// library's core (except for the core itself) and without packages; "all" is everything a bundle would hold.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const packages = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })

/**
 * @param {string} entry
 * @param {string[]} external
 */
async function bundle(entry, external) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: `export * from ${JSON.stringify(entry)}`, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Entries for Node keep what Node brings along.
    external: [...external, 'node:*'],
    plugins: external.length > 0 && entry !== './dist/index.js' ? [withoutCore] : [],
    write: false,
    logLevel: 'error',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`no bundle for ${entry}`)
  return { minified: file.contents.length, gzip: gzipSync(file.contents, { level: 9 }).length }
}

/** @type {import('esbuild').Plugin} */
const withoutCore = {
  name: 'without-core',
  setup(context) {
    context.onResolve({ filter: /^\.\.\/(\.\.\/)*(index|core\/check)\.js$/ }, ({ path }) => ({ path, external: true }))
  },
}

/** @param {number} bytes */
const kilo = (bytes) => (bytes / 1000).toFixed(1).padStart(9)

/** @param {string[]} cells */
const row = (...cells) => console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(9))).join(' '))

row('kB', 'own min', 'own gzip', 'all min', 'all gzip')
for (const [name, files] of Object.entries(manifest.exports)) {
  if (typeof files === 'string') continue
  const own = await bundle(files.default, packages)
  const all = await bundle(files.default, [])
  row(manifest.name + name.slice(1), ...[own.minified, own.gzip, all.minified, all.gzip].map(kilo))
}
