// `node scripts/serve.mjs [--port N] [--folder DIR] [--from-source]`: builds the page and serves it on this machine only.
import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildPage } from './page.mjs'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4181' },
    folder: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) },
    'from-source': { type: 'boolean', default: false },
  },
})

/** @type {Record<string, string>} */
const types = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', map: 'application/json' }

/**
 * The name of a file of the page, and its type; none has a slash in it.
 * @param {string} path
 */
function find(path) {
  const [file, ending = ''] = /^\/\w[\w.-]*\.(\w+)$/.exec(path === '/' ? '/index.html' : path) ?? []
  const type = types[ending]
  return file === undefined || type === undefined || !existsSync(values.folder + file) ? undefined : { file: values.folder + file, type }
}

await buildPage(values.folder, { fromSource: values['from-source'] })
const server = createServer((request, response) => {
  const found = find((request.url ?? '/').replace(/\?.*$/, ''))
  if (found === undefined) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { 'content-type': found.type, 'cache-control': 'no-cache', 'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:" })
  createReadStream(found.file).pipe(response)
})
server.on('error', (error) => {
  console.error(error.message)
  process.exitCode = 1
})
server.listen(Number(values.port), '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) console.log(`The spreadsheet is at http://127.0.0.1:${address.port}/`)
})
