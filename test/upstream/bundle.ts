import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, type InlineConfig, type Plugin } from 'vite';

const require = createRequire(import.meta.url);
const packageOf = (name: string): string => dirname(require.resolve(`@tensorflow/${name}/package.json`));

/** The folder of the WASM backend's binaries. */
export const wasmFolder: string = join(packageOf('tfjs-backend-wasm'), 'wasm-out/');

/** Tests of files, downloads and page storage: no backend takes part in them. */
const WITHOUT_BACKEND = /^\.\/(io|platforms)\//;

const LENIENT = 'if (!isFinite(a) && !isFinite(e)) {\n        return true;';
const STRICT = 'if (!isFinite(a) || !isFinite(e)) {\n        return Object.is(a, e);';

/** Puts the tests into the bundle, with a comparison for which NaN, Infinity and -Infinity are three things. */
function tests(): Plugin {
  const virtual = 'virtual:tfjs-tests';
  const core = packageOf('tfjs-core');
  return {
    name: 'tfjs-tests',
    resolveId: (id) => (id === virtual ? `\0${virtual}` : undefined),
    async load(id) {
      if (id !== `\0${virtual}`) return undefined;
      const list = await readFile(join(core, 'dist/tests.js'), 'utf8');
      const files = [...list.matchAll(/^import '(\.\/.+)';$/gm)].map(([, file]) => file!);
      return files
        .filter((file) => !WITHOUT_BACKEND.test(file))
        .map((file) => `import '@tensorflow/tfjs-core/dist/${file}.js';`)
        .join('\n');
    },
    transform(code, id) {
      if (!id.endsWith('tfjs-core/dist/test_util.js')) return undefined;
      if (!code.includes(LENIENT)) throw new Error('the comparison of TensorFlow.js is not the one that is replaced');
      return code.replace(LENIENT, STRICT);
    },
  };
}

const shared: InlineConfig = {
  configFile: false,
  logLevel: 'error',
  publicDir: false,
  root: import.meta.dirname,
  plugins: [tests()],
  resolve: {
    mainFields: ['module', 'main'],
    // All the ES modules, as the tests: tests, backends and catrs must share one engine.
    alias: [{ find: /^@tensorflow\/(tfjs[-a-z]*)$/, replacement: '@tensorflow/$1/dist/index.js' }],
  },
};

// Test files export nothing and the package says that most of its files have no side effects.
const whole = { treeshake: false, checks: { eval: false } };

/** Bundles the tests with the backends of Node; gives the path of the script. */
export async function bundleForNode(folder: string): Promise<string> {
  await build({
    ...shared,
    ssr: { noExternal: true },
    build: {
      ssr: 'node-main.ts',
      target: 'node20',
      outDir: folder,
      emptyOutDir: true,
      rolldownOptions: {
        ...whole,
        platform: 'node',
        // The WASM backend's script asks for `require` and `__dirname`.
        output: { format: 'cjs', codeSplitting: false, entryFileNames: 'main.cjs' },
      },
    },
  });
  return join(folder, 'main.cjs');
}

/** Bundles the tests with the WebGPU backend: `folder` becomes a site whose script is `main.js`. */
export async function bundleForBrowser(folder: string): Promise<void> {
  await build({
    ...shared,
    define: { global: 'globalThis' },
    build: {
      target: 'esnext',
      minify: false,
      outDir: folder,
      emptyOutDir: true,
      lib: { entry: 'webgpu-main.ts', formats: ['es'], fileName: () => 'main.js' },
      rolldownOptions: { ...whole, output: { codeSplitting: false } },
    },
  });
}
