import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import layers from './layers.json' with { type: 'json' };
import { type ImportOf, type SourceFile, sourceFiles } from './source-files.ts';

/**
 * Who may import whom. layers.json has a row for each folder of src: the packages and folders it may import, besides
 * `errors.ts` and `types.ts`. "noise (types)" admits `import type` only, "all (types)" the types of every folder, "node:*" everything that begins so.
 * eslint.config.js makes lint rules of the same table; this test also sees dynamic imports and files outside the table.
 */
const table: Readonly<Record<string, readonly string[]>> = layers;
const files = sourceFiles();

/** What one import reaches: a folder of src, a file at its top, or a package. */
function target(file: SourceFile, from: string): string {
  if (!from.startsWith('.')) return from;
  const path = posix.join(posix.dirname(file.path), from);
  return path.includes('/') ? posix.dirname(path).split('/')[0]! : path;
}

function isAllowed(file: SourceFile, { from, typesOnly }: ImportOf): boolean {
  const reached = target(file, from);
  const folder = file.path.split('/')[0]!;
  const row = table[folder] ?? [];
  if (row.some((entry) => entry.endsWith('*') && reached.startsWith(entry.slice(0, -1)))) return true;
  if (reached === folder || reached === 'errors.ts' || reached === 'types.ts' || row.includes(reached)) return true;
  return typesOnly && (row.includes(`${reached} (types)`) || (reached in table && row.includes('all (types)')));
}

/** A scalar of a number has no array, and a variable of a tensor none of its own. */
function withoutConstants(code: string): string {
  return code.replace(/tf\.scalar\(-?[\d.e]+\)/g, '').replace(/tf\.variable\((tensor|direction), /g, '');
}

describe('layers of src', () => {
  it('has a row for every folder, and a folder for every row', () => {
    const folders = new Set(files.filter(({ path }) => path.includes('/')).map(({ path }) => path.split('/')[0]));
    expect([...folders].sort()).toEqual(Object.keys(table).sort());
  });

  it('has nothing at the top but the index, the errors and the types', () => {
    const top = files.map(({ path }) => path).filter((path) => !path.includes('/'));
    expect(top).toEqual(['errors.ts', 'index.ts', 'types.ts']);
  });

  it.each(Object.keys(table))('%s imports only what its row allows', (folder) => {
    const inFolder = files.filter(({ path }) => path.startsWith(`${folder}/`));
    const broken = inFolder.flatMap((file) =>
      file.imports.filter((one) => !isAllowed(file, one)).map(({ from }) => `${file.path} imports ${from}`),
    );
    expect(broken).toEqual([]);
  });

  it('lets no file import the public door', () => {
    const importers = files.filter((file) => file.imports.some(({ from }) => target(file, from) === 'index.ts'));
    expect(importers.map(({ path }) => path)).toEqual([]);
  });

  it('lets nobody but the command line import node, but for the types of its options', () => {
    const importers = files.filter(({ path }) => !path.startsWith('node/') && !path.startsWith('cli/'));
    const reaching = importers.filter((file) =>
      file.imports.some((one) => target(file, one.from) === 'node' || one.from.startsWith('node:')),
    );
    expect(reaching.map(({ path }) => path).filter((path) => !path.startsWith('options/'))).toEqual([]);
    const values = reaching.flatMap((file) =>
      file.imports.filter((one) => target(file, one.from) === 'node' && !one.typesOnly),
    );
    expect(values).toEqual([]);
  });

  it('uses zod in options only', () => {
    const users = files.filter(({ imports }) => imports.some(({ from }) => from === 'zod' || from.startsWith('zod/')));
    expect(users.map(({ path }) => path).filter((path) => !path.startsWith('options/'))).toEqual([]);
  });

  it('imports backends only when a helper is called', () => {
    const backend = /import\s[^;]*from '@tensorflow\/tfjs-backend-/;
    const importers = files.filter(({ code }) => backend.test(code.replace(/import type[^;]*;/g, '')));
    expect(importers.map(({ path }) => path)).toEqual([]);
  });

  it('makes tensors of arrays in one file, which says who owns the array', () => {
    const makers = files.filter(({ code }) =>
      /\btf\s*\.\s*(tensor(?:\dd)?|variable|buffer|scalar|complex)\s*\(/.test(withoutConstants(code)),
    );
    expect(makers.map(({ path }) => path)).toEqual(['tensors/own-tensor.ts']);
  });

  it.each(['dataSync', 'arraySync', 'console.', 'Math.random', 'export default'])('never says %s', (word) => {
    expect(files.filter(({ code }) => code.includes(word)).map(({ path }) => path)).toEqual([]);
  });
});
