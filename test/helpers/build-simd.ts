// npm run build:simd: compiles src/random/simd/draws.as into src/random/simd/module.ts.
import { writeFile } from 'node:fs/promises';
import { compileSimd, simdModulePath, simdModuleText } from './compile-simd.ts';

await writeFile(simdModulePath, simdModuleText(await compileSimd()));
