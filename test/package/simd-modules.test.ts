import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileSimd, simdModulePath, simdModuleText, simdSources } from '../helpers/compile-simd.ts';

describe('the compiled SIMD modules', () => {
  it.each(simdSources)(
    '$folder/$name.as gives the bytes that are kept: `npm run build:simd` changes nothing',
    async (source) => {
      expect(readFileSync(simdModulePath(source), 'utf8')).toBe(simdModuleText(source, await compileSimd(source)));
    },
  );

  it('are those of all sources', () => {
    const kept = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.includes('/compiled/'),
    );
    expect(kept.sort()).toEqual(simdSources.map(({ folder, name }) => `${folder}/compiled/${name}.ts`).sort());
  });
});
