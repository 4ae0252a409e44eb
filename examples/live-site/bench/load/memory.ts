/** Imported into the site that is measured: answers each message of its parent with the bytes in use after a full collection. */
process.on('message', () => {
  globalThis.gc?.()
  process.send?.(process.memoryUsage().heapUsed)
})
// The site ends as it would without a parent.
process.channel?.unref()
