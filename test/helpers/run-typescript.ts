/** Arguments of Node with which a process or a thread of the tests runs TypeScript files. */
export const runTypeScript: readonly string[] = ['--import', new URL('register-typescript.mjs', import.meta.url).href];
