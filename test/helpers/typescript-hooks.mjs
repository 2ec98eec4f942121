import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { threadId } from 'node:worker_threads';

/** What was transpiled before, by the hash of its path and text. */
const cache = new URL('../../node_modules/.cache/catrs-test/', import.meta.url);
const TFJS = '@tensorflow/tfjs';

export async function resolve(specifier, context, next) {
  return specifier === TFJS
    ? { url: 'catrs-test:tfjs', format: 'module', shortCircuit: true }
    : next(specifier, context);
}

export async function load(url, context, next) {
  if (url === 'catrs-test:tfjs') return moduleOf(await cached(['tfjs', await tfjsVersion()], tensorflow));
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const text = await readFile(new URL(url), 'utf8');
  return moduleOf(await cached([url, text], () => transpiled(url, text)));
}

const moduleOf = (source) => ({ format: 'module', source, shortCircuit: true });

async function cached(parts, make) {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const file = new URL(`${hash}.mjs`, cache);
  try {
    return await readFile(file, 'utf8');
  } catch {
    const source = await make();
    await mkdir(cache, { recursive: true });
    // Whole or not at all: other threads read it at the same time.
    const part = new URL(`${hash}.${process.pid}-${threadId}`, cache);
    await writeFile(part, source);
    await rename(part, file);
    return source;
  }
}

async function transpiled(url, text) {
  const { default: ts } = await import('typescript');
  const { ES2022: target } = ts.ScriptTarget;
  const compilerOptions = { target, module: ts.ModuleKind.ES2022, verbatimModuleSyntax: true, inlineSourceMap: true };
  return ts.transpileModule(text, { fileName: fileURLToPath(url), compilerOptions }).outputText;
}

const require = createRequire(import.meta.url);

async function tfjsVersion() {
  return JSON.parse(await readFile(require.resolve(`${TFJS}/package.json`), 'utf8')).version;
}

/** TensorFlow.js as a module whose names are known: for an import of CommonJS, Node looks through all its two megabytes for them. */
function tensorflow() {
  const names = Object.keys(require(TFJS)).filter((name) => name !== 'default');
  const path = JSON.stringify(require.resolve(TFJS));
  return `import { createRequire } from 'node:module';
const tf = createRequire(${path})(${path});
export default tf;
export const { ${names.join(', ')} } = tf;
`;
}
