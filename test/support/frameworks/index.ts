/** Frameworks that recipes are written for and that are not installed: what examples import in their place. */
const folder = './test/support/frameworks'

export const standIns: Readonly<Record<string, string[]>> = {
  '@angular/core': [`${folder}/angular.ts`],
  '@angular/core/rxjs-interop': [`${folder}/angular.ts`],
  'solid-js': [`${folder}/solid.ts`],
  'svelte/store': [`${folder}/svelte-store.ts`],
  vue: [`${folder}/vue.ts`],
}
