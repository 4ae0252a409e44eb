/** Bundlers replace `process.env.NODE_ENV`; where nobody does, it is development. */
export function isProduction(): boolean {
  const { process } = globalThis as { process?: { env?: { NODE_ENV?: string } } }
  return process?.env?.NODE_ENV === 'production'
}
