import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = new URL('../../src/random/simd/', import.meta.url);

/** Where the compiled module is kept. */
export const simdModulePath: string = fileURLToPath(new URL('module.ts', folder));

/** One page of memory, no runtime, no garbage collector. */
const OPTIONS = [
  '--enable',
  'simd',
  '--runtime',
  'stub',
  '--noAssert',
  '-O3',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '1',
];

/** Compiles src/random/simd/draws.as. The ending keeps it from tools that read TypeScript; the compiler insists on `.ts`. */
export async function compileSimd(): Promise<Uint8Array> {
  const source = await readFile(new URL('draws.as', folder), 'utf8');
  const written: Uint8Array[] = [];
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main(['draws.ts', '--outFile', 'draws.wasm', ...OPTIONS], {
    readFile: (name) => (name === 'draws.ts' ? source : null),
    writeFile: (_name, contents) => void written.push(contents as Uint8Array),
    listFiles: () => [],
    stderr,
  });
  const [bytes] = written;
  if (error || !bytes) throw new Error(`draws.as does not compile: ${error?.message ?? ''}\n${stderr.toString()}`);
  return bytes;
}

/** The source text of module.ts for a compiled module. */
export function simdModuleText(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,112}/g) ?? [];
  return `// Made by \`npm run build:simd\` from draws.as; not to be edited.

/** draws.as compiled, ${bytes.length} bytes in base64. @internal */
export const DRAWS_MODULE: string = [
${lines.map((line) => `  '${line}',\n`).join('')}].join('');
`;
}
