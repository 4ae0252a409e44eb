// `node scripts/serve.mjs [--port N] [--folder DIR] [--from-source]`: builds the page and serves it on this machine only.
import { createReadStream } from 'node:fs'
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

/** @type {Record<string, [file: string, type: string]>} */
const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/sheet.css': ['sheet.css', 'text/css; charset=utf-8'],
  '/main.js': ['main.js', 'text/javascript; charset=utf-8'],
  '/main.js.map': ['main.js.map', 'application/json'],
}

await buildPage(values.folder, { fromSource: values['from-source'] })
const server = createServer((request, response) => {
  const [file, type] = files[new URL(request.url ?? '/', 'http://localhost').pathname] ?? []
  if (file === undefined || type === undefined) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache', 'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:" })
  createReadStream(`${values.folder}/${file}`).pipe(response)
})
server.on('error', (error) => {
  console.error(error.message)
  process.exitCode = 1
})
server.listen(Number(values.port), '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) console.log(`The spreadsheet is at http://127.0.0.1:${address.port}/`)
})
