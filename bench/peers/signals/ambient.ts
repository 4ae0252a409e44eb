/** Libraries that know by themselves which body reads: bodies are handed to them as they are. */
export type Ambient = unknown

export const bare = <T>(body: (q: Ambient) => T): (() => T) => body as () => T
