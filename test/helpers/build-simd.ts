// npm run build:simd: compiles each AssemblyScript source of src/ into the TypeScript file that keeps its bytes.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { compileSimd, simdModulePath, simdModuleText, simdSources } from './compile-simd.ts';

for (const source of simdSources) {
  const path = simdModulePath(source);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, simdModuleText(source, await compileSimd(source)));
}
