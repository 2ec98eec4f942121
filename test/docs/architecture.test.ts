import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import layers from '../package/layers.json' with { type: 'json' };

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docs/architecture.md', root), 'utf8');
const quoted = [...text.matchAll(/`([\w./-]+)`/g)].map(([, name]) => name as string);

describe('docs/architecture.md', () => {
  it('names only files of src that are there', () => {
    const files = quoted.filter((name) => /^(?!test\/|docs\/).+\/.+\.(ts|as)$/.test(name));
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((name) => !existsSync(new URL(`src/${name}`, root)))).toEqual([]);
  });

  it('has a row for every folder of src', () => {
    const rows = [...text.matchAll(/^\| `(\w+)\/`/gm)].map(([, folder]) => folder);
    expect(rows.sort()).toEqual(Object.keys(layers).sort());
  });
});
