import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

/** An AssemblyScript source that becomes a module of its own. */
export interface SimdSource {
  /** Below src/. */
  readonly folder: string;
  /** Of the compiled module; of the source too, without its ending, unless `source` names another. */
  readonly name: string;
  readonly source?: string;
  /** Sources of the folder that take the place of those that are imported. */
  readonly instead?: Readonly<Record<string, string>>;
  /** What it needs besides SIMD. */
  readonly features?: readonly string[];
  /** What it imports as `env.memory`: one page, or the memory of the WASM backend. */
  readonly memory: 'page' | 'backend';
}

/** All of them. */
export const simdSources: readonly SimdSource[] = [
  ...['bits', 'normals'].map((name) => ({ folder: 'random/simd', name, memory: 'page' }) as const),
  ...['elementwise', 'masks', 'pack', 'pool', 'training'].map(onBackend),
  ...['dense', 'depthwise', 'depthwise-filter', 'multiply', 'product', 'row'].flatMap((name) => [
    onBackend(name),
    relaxed(name),
  ]),
  { ...onBackend('winograd3'), source: 'winograd', instead: { lines: 'lines3' } },
  { ...onBackend('winograd5'), source: 'winograd', instead: { lines: 'lines5' } },
  { ...onBackend('winograd-filter3'), source: 'winograd-filter', instead: { lines: 'lines3' } },
  { ...onBackend('winograd-filter5'), source: 'winograd-filter', instead: { lines: 'lines5' } },
];

function onBackend(name: string): SimdSource {
  return { folder: 'wasm/simd', name, memory: 'backend' };
}

/** The same source with one instruction in the place of a product and a sum. */
function relaxed(source: string): SimdSource {
  return { ...onBackend(`${source}-relaxed`), source, instead: { madd: 'madd-relaxed' }, features: ['relaxed-simd'] };
}

/** No runtime and no garbage collector: nothing is kept between two calls. */
const OPTIONS = ['--enable', 'simd', '--runtime', 'stub', '--noAssert', '-O3', '--importMemory', '--noExportMemory'];

/**
 * A page holds constants of the sources from its address 0xe000 on. Shared memory must name its maximum; `linkSimd` makes an import of memory
 * that is not shared of it.
 */
const MEMORY = {
  page: ['--initialMemory', '1', '--maximumMemory', '1', '--memoryBase', '57344'],
  backend: ['--initialMemory', '1', '--maximumMemory', '65536', '--sharedMemory', '--enable', 'threads'],
} as const;

/** Where the compiled module is kept. */
export function simdModulePath({ folder, name }: SimdSource): string {
  return fileURLToPath(new URL(`../../src/${folder}/compiled/${name}.ts`, import.meta.url));
}

/** Compiles a source. The ending `.as` keeps it from tools that read TypeScript; the compiler insists on `.ts`. */
export async function compileSimd({
  folder,
  name,
  source = name,
  instead,
  features = [],
  memory,
}: SimdSource): Promise<Uint8Array> {
  const written: Uint8Array[] = [];
  const stderr = asc.createMemoryStream();
  const options = [...OPTIONS, ...MEMORY[memory], ...features.flatMap((feature) => ['--enable', feature])];
  const { error } = await asc.main([`${source}.ts`, '--outFile', `${name}.wasm`, ...options], {
    readFile: (file) => {
      const stem = file.replace(/\.ts$/, '');
      const path = new URL(`../../src/${folder}/${instead?.[stem] ?? stem}.as`, import.meta.url);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (_name, contents) => void written.push(contents as Uint8Array),
    listFiles: () => [],
    stderr,
  });
  const [bytes] = written;
  if (error || !bytes) throw new Error(`${source}.as does not compile: ${error?.message ?? ''}\n${stderr.toString()}`);
  return bytes;
}

/** The source text of the file that keeps a compiled module. */
export function simdModuleText({ name, source = name }: SimdSource, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,112}/g) ?? [];
  return `// Made by \`npm run build:simd\` from ../${source}.as; not to be edited.

/** ${source}.as compiled, ${bytes.length} bytes in base64. @internal */
export const ${name.toUpperCase().replaceAll('-', '_')}_MODULE: string = [
${lines.map((line) => `  '${line}',\n`).join('')}].join('');
`;
}
