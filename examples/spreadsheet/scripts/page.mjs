// The page as files: a document, a style sheet, a script, and the scripts that load the inspector when it is opened.
import { copyFile, mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = fileURLToPath(new URL('..', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * Builds the page into a folder.
 * @param {string} out
 * @param {{ fromSource?: boolean }} [options] `fromSource`: with the library's sources in place of its build, for tests.
 */
export async function buildPage(out, { fromSource = false } = {}) {
  await mkdir(out, { recursive: true })
  await Promise.all([
    copyFile(`${folder}assets/index.html`, `${out}/index.html`),
    copyFile(`${folder}assets/sheet.css`, `${out}/sheet.css`),
    build({
      absWorkingDir: folder,
      entryPoints: ['src/main.tsx'],
      outdir: out,
      bundle: true,
      splitting: true,
      chunkNames: '[name]',
      minify: true,
      sourcemap: true,
      format: 'esm',
      target: 'es2023',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"production"' },
      tsconfigRaw: {},
      ...(fromSource ? { alias: { pebre: `${root}src/index.ts`, 'pebre/react': `${root}src/react/index.ts`, 'pebre/inspector/browser': `${root}src/inspector/browser.ts` } } : {}),
      logLevel: 'warning',
    }),
  ])
}
