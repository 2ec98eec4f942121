import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import layers from './layers.json' with { type: 'json' };
import { type ImportOf, type SourceFile, sourceFiles } from './source-files.ts';

/**
 * Who may import whom. layers.json has a row for each folder of src, from the bottom up: the packages it may import, and the folders, all of
 * which have their rows above its own; besides `errors.ts` and `types.ts`. "noise (types)" admits `import type` only, "node:*" everything that
 * begins so. eslint.config.js makes lint rules of the same table; this test also sees dynamic imports and files outside the table.
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
  return typesOnly && row.includes(`${reached} (types)`);
}

/** A scalar of a number has no array, and a variable of a tensor none of its own. */
function withoutConstants(code: string): string {
  return code.replace(/tf\.scalar\(-?[\d.e]+(, 'int32')?\)/g, '').replace(/tf\.variable\((tensor|direction), /g, '');
}

/** Groups of files each of which reaches all others of its group. */
function circles(all: readonly SourceFile[]): string[][] {
  const next = new Map(
    all.map((file) => [
      file.path,
      file.imports
        .filter(({ from }) => from.startsWith('.'))
        .map(({ from }) => posix.join(posix.dirname(file.path), from)),
    ]),
  );
  const reached = new Map([...next.keys()].map((path) => [path, reach(next, path)]));
  const groups = [...next.keys()].map((path) =>
    [...(reached.get(path) ?? [])].filter((other) => reached.get(other)?.has(path)).sort(),
  );
  return [...new Map(groups.filter((group) => group.length > 1).map((group) => [group.join(), group])).values()];
}

function reach(next: ReadonlyMap<string, readonly string[]>, path: string): Set<string> {
  const seen = new Set<string>();
  const open = [...(next.get(path) ?? [])];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    open.push(...(next.get(one) ?? []));
  }
  return seen;
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

  it('lets nothing point upwards, types included', () => {
    const order = Object.keys(table);
    const upwards = Object.entries(table).flatMap(([folder, row]) =>
      row
        .map((entry) => entry.replace(' (types)', ''))
        .filter((entry) => order.includes(entry) && order.indexOf(entry) >= order.indexOf(folder))
        .map((entry) => `${folder} imports ${entry}`),
    );
    expect(upwards).toEqual([]);
  });

  it('has no circle of files, types included', () => {
    expect(circles(files)).toEqual([]);
  });

  it('finds a circle where there is one', () => {
    const file = (path: string, ...imports: string[]): SourceFile => ({
      path,
      code: '',
      imports: imports.map((from) => ({ from, typesOnly: true, isDynamic: false })),
    });
    const round = [file('a/x.ts', './y.ts'), file('a/y.ts', '../b/z.ts'), file('b/z.ts', '../a/x.ts'), file('b/w.ts')];
    expect(circles(round)).toEqual([['a/x.ts', 'a/y.ts', 'b/z.ts']]);
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
