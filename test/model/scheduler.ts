/** Runs all promise reactions that are ready, however many follow each other. */
export function drain(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
