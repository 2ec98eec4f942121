import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumArguments, chromiumPath } from './test/helpers/chromium.ts';

/** What other packages bring is not ours to test. */
const guests = 'test/guests/**';
const slow = 'test/**/*.slow.test.ts';
const browserOnly = 'test/**/*.browser.test.ts';
/** Tests that need modules of their own: they mock some, measure memory, number layers from 1, want that none is registered, or change a backend for good. */
const alone = [
  'test/wasm/{check-backend*,failure,relaxed-simd,guard,operations,own-import,plain-kernels,register-kernels,use-wasm*,without-simd}.test.ts',
  'test/webgpu/**/*.test.ts',
  'test/cli/{keys,onnx-boxes}.test.ts',
  'test/models/save-and-load.test.ts',
  'test/node/model-files.errors.test.ts',
  'test/node/file-lock.test.ts',
  'test/noise/sound-gaussian-noise.failure.test.ts',
  'test/onnx/to-onnx.test.ts',
  'test/random/purposes.test.ts',
  'test/recipes/training-batches.test.ts',
];
/** Tests that start processes and threads, train, or go through all families. `npm test` would take twice as long with them. */
const long = [
  'test/node/{workers,workers.errors,output-workers,outputs-to-log,kill,journal-kill,resume,checkpoint,families,scaled}.test.ts',
  'test/node/{soft-targets-kill,soft-targets-to-npy,sample-journal.errors}.test.ts',
  'test/cli/{attack,engines,interrupt,long-runs,planned,soft-targets,torch-files,train}.test.ts',
  'test/examples/{ablation,certify-graphs,certify-table,digits,examples,file-types,reproduce}.test.ts',
  'test/{attacks/patch-attack,bench/docs,contracts/families,contracts/outputs,data/resize-and-crop.fixture}.test.ts',
  'test/evaluate/{attack-digits,certification-log.property,probability-distribution}.test.ts',
  'test/{fuzz/fuzz,host/overwritten,host/reused-arrays,models/imagenet-resnet}.test.ts',
  'test/smoothed/{batch-sizes,linear.statistics,verify.property,regression/linear.statistics}.test.ts',
];
const packageTests = 'test/package/**/*.test.ts';
/** Tests on TensorFlow's own library, which would stay in a process that others share. */
const native = 'test/native/**/*.test.ts';
const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/** The files with suites that run on every backend. */
function suitesOfBackends(): string[] {
  const folder = fileURLToPath(new URL('test/', import.meta.url));
  return readdirSync(folder)
    .filter((name) => name !== 'guests' && !name.includes('.'))
    .flatMap((name) => readdirSync(`${folder}${name}`).map((file) => `test/${name}/${file}`))
    .filter((path) => path.endsWith('.test.ts') && !path.endsWith('.slow.test.ts'))
    .filter((path) => /\bdescribe(Backends|Contract)\(/.test(readFileSync(`${folder}../${path}`, 'utf8')));
}

/** A real Chromium with WebGPU. */
const chromium = playwright({ launchOptions: { executablePath: chromiumPath, args: chromiumArguments } });

export default defineConfig({
  resolve: {
    // Tests and examples read like user code (`import ... from 'catrs'`) and run the sources.
    alias: [
      { find: /^catrs$/, replacement: source('index.ts') },
      {
        find: /^catrs\/(stats|models|data|plots|recipes|node|wasm|onnx|webgpu|native)$/,
        replacement: source('$1/index.ts'),
      },
    ],
  },
  test: {
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // TensorFlow.js greets every Node process with an advertisement for tfjs-node.
    onConsoleLog: (log) => !log.includes('running TensorFlow.js in Node'),
    coverage: { include: ['src/**/*.ts'] },
    projects: [
      // Most files share the modules of their process: importing TensorFlow.js anew for each took half of the time.
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [guests, slow, browserOnly, packageTests, native, ...alone, ...long],
          isolate: false,
          setupFiles: 'test/helpers/fresh-backend.ts',
        },
      },
      {
        extends: true,
        test: { name: 'long', include: long, isolate: false, setupFiles: 'test/helpers/fresh-backend.ts' },
      },
      { extends: true, test: { name: 'alone', include: [...alone], exclude: [slow, ...long] } },
      {
        extends: true,
        test: {
          name: 'native',
          include: [native],
          exclude: [slow],
          env: { VITEST_BACKEND: 'tensorflow' },
        },
      },
      {
        extends: true,
        // The suites of all backends, on TensorFlow's own library.
        test: {
          name: 'native-contracts',
          include: suitesOfBackends(),
          // Sizes of batches are those of every backend, but that a single row is asked beside a copy.
          exclude: ['test/wasm/**', 'test/smoothed/batch-sizes.test.ts', ...alone],
          isolate: false,
          env: { VITEST_BACKEND: 'tensorflow' },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      { extends: true, test: { name: 'package', include: [packageTests], exclude: [slow] } },
      {
        extends: true,
        test: { name: 'slow', include: [slow], exclude: [guests], testTimeout: 600_000, hookTimeout: 600_000 },
      },
      {
        extends: true,
        // All found beforehand: a dependency that vite meets only during the run makes it reload the page.
        optimizeDeps: {
          include: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu', 'fast-check', 'jstat', 'zod/mini'],
        },
        test: {
          name: 'browser',
          include: [
            browserOnly,
            'test/contracts/**/*.test.ts',
            'test/{attacks,losses}/**/*.fixture.test.ts',
            'test/models/cifar-resnet.fixture.test.ts',
          ],
          exclude: [guests, slow],
          globalSetup: 'test/helpers/chromium.ts',
          testTimeout: 300_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: chromium,
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
