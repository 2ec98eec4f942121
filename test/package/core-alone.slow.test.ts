import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, makeHost } from './host.ts';
import { lastLine } from './probe.ts';
import { statedSize } from './stated-sizes.ts';

// A host without the layers of TensorFlow.js aliases the package `@tensorflow/tfjs` to `@tensorflow/tfjs-core`, and brings a backend.
const core = '@tensorflow/tfjs-core';
const cpu = '@tensorflow/tfjs-backend-cpu';
const gradients = `${core}/dist/register_all_gradients`;

const begin = `
import * as tf from '@tensorflow/tfjs';
import { ConfidenceAwareLoss, createKey, GaussianNoise, NoisePgd, SmoothedClassifier } from 'catrs';
await tf.setBackend('cpu');
const weights = tf.variable(tf.tensor2d([1, -1, -1, 1], [2, 2]));
const model = (x) => tf.matMul(x, weights);
const noise = new GaussianNoise({ sigma: 0.25 });
const key = createKey(0);
const result = {};
`;
const certify = `
const g = new SmoothedClassifier(model, { noise, numClasses: 2 });
const { label, radius } = await g.certify(tf.tensor1d([0.9, 0.2]), { key, n0: 20, n: 1000 });
Object.assign(result, { label, radius });
`;
const train = `
const loss = new ConfidenceAwareLoss(model, { noise, attack: new NoisePgd({ epsilon: 1, steps: 2 }), lambda: 0.5 });
const prepared = loss.prepare({ x: tf.tensor2d([0.9, 0.2, 0.1, 0.6], [2, 2]), labels: [0, 0], key });
const value = tf.train.momentum(0.1, 0.9).minimize(() => prepared.value(), true, [weights]);
Object.assign(result, { loss: (await value.data())[0], weights: [...(await weights.data())] });
`;
const end = 'console.log(JSON.stringify(result));';

let host: Host;
beforeAll(() => {
  host = makeHost([core, cpu]);
  mkdirSync(join(host.folder, 'app'));
});
afterAll(() => host.dispose());

/** What a program in the folder of the host prints. An app runs as on a page: TensorFlow.js asks for a document. */
function run(name: string): unknown {
  const script = `${name.startsWith('app/') ? 'globalThis.window = globalThis; globalThis.document = {};' : ''} await import('./${name}');`;
  const options = { cwd: host.folder, encoding: 'utf8', stdio: 'pipe' } as const;
  return lastLine(execFileSync(process.execPath, ['--input-type=module', '-e', script], options));
}

/** Builds an app with TensorFlow.js inside, as Vite does, and gives its size and what the bundler has to say. */
async function buildApp(name: string, code: string, alias: Readonly<Record<string, string>>) {
  writeFileSync(join(host.folder, `${name}.js`), code);
  const warnings: string[] = [];
  const built = await build({
    configFile: false,
    root: host.folder,
    publicDir: false,
    logLevel: 'silent',
    resolve: { alias: Object.entries(alias).map(([from, to]) => ({ find: new RegExp(`^${from}$`), replacement: to })) },
    build: {
      target: 'es2022',
      outDir: 'app',
      emptyOutDir: false,
      lib: { entry: `${name}.js`, formats: ['es'], fileName: () => `${name}.mjs` },
      rolldownOptions: {
        output: { minify: true },
        onLog: (_level, { code, message }) => void warnings.push(code ?? message),
      },
    },
  });
  const [output] = built as Rolldown.RolldownOutput[];
  const text = output!.output.map((one) => (one.type === 'chunk' ? one.code : '')).join('\n');
  console.log(`${name}: ${text.length} bytes, ${gzipSync(text).length} with gzip`);
  return { file: `app/${name}.mjs`, size: text.length, warnings };
}

describe('an app whose bundler takes the core of TensorFlow.js for all of it', () => {
  const alias = { '@tensorflow/tfjs': core };
  const withBackend = `import '${cpu}';${begin}`;

  it('certifies and trains to the numbers of the whole', async () => {
    writeFileSync(join(host.folder, 'whole.mjs'), begin + certify + train + end);
    const whole = run('whole.mjs');
    expect(whole).toMatchObject({ label: 0, loss: expect.any(Number) as number });
    const app = await buildApp('trains', `import '${gradients}';${withBackend}${certify}${train}${end}`, alias);
    expect(app.warnings).toEqual([]);
    expect(run(app.file)).toEqual(whole);
    expect(app.size).toBeLessThanOrEqual(statedSize('app that also trains by CAT-RS, with the gradients'));
  });

  it('certifies without gradients', async () => {
    const app = await buildApp('certifies', withBackend + certify + end, alias);
    expect(run(app.file)).toMatchObject({ label: 0, radius: expect.any(Number) as number });
    expect(app.size).toBeLessThanOrEqual(statedSize('app that certifies, with `@tensorflow/tfjs-core`'));
    const whole = await buildApp('whole', begin + certify + end, {});
    expect(whole.size).toBeGreaterThan(2.5 * app.size);
  });

  it('has an error of TensorFlow.js where the gradients are missing', async () => {
    const app = await buildApp('stuck', withBackend + train + end, alias);
    expect(() => run(app.file)).toThrow('gradient function not found');
  });
});
