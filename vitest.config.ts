import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { standIns } from './test/support/frameworks/index.js'

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^pebre$/, replacement: source('index.ts') },
      { find: /^pebre\/(operators|debug|testing|react|inspector|persist)$/, replacement: source('$1/index.ts') },
      // Only examples in the documentation import these.
      ...Object.entries(standIns).map(([name, [file = '']]) => ({ find: new RegExp(`^${name}$`), replacement: fileURLToPath(new URL(file, import.meta.url)) })),
      { find: /^pebre\/inspector\/browser$/, replacement: source('inspector/browser.ts') },
      { find: /^pebre\/persist\/node$/, replacement: source('persist/node.ts') },
    ],
  },
  test: {
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['examples/**'], reporter: ['text', 'html'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', 'test/.docs/**'],
          typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/**/*.browser.test.ts'],
          globalSetup: ['test/support/chromium-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'examples',
          include: ['examples/*/test/**/*.test.ts'],
          globalSetup: ['test/support/chromium-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
