import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeNpy } from '../../src/data/npy.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { cifarResnet } from '../../src/models/cifar-resnet.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { createKey } from '../../src/random/key.ts';
import { guestFile, guestsFolder } from '../helpers/guests.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { type CliResult, useTiny } from './run.ts';

const ENGINES = {
  tensorflow: {
    guest: guestFile('@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node'),
    text: /tensorflow \d+\.\d+\.\d+ \(tfjs-node 4\.\d+\.\d+(, oneDNN)?\)/,
  },
  onnxruntime: { guest: guestFile('onnxruntime-node/package.json'), text: /onnxruntime \d+\.\d+\.\d+/ },
} as const;
type Name = keyof typeof ENGINES;

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const { path, data } = useTiny();
const votes = ['--sigma', 0.5, '--n', 200];
const tiny = (): string[] => [...data(), '--model', path('model')];

/** Runs the command in a folder that has the engines. */
function catrs(args: readonly (string | number)[]): Promise<CliResult> {
  const all = [...runTypeScript, main, ...args.map(String)];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { cwd: guestsFolder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** A run that must succeed, and its JSON. */
async function json(args: readonly (string | number)[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await catrs([...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const last = (stderr: string): string => stderr.trim().split('\n').at(-1) ?? '';

/** Tests on an engine; skipped with the reason where it is not there. */
function describeEngine(title: string, names: readonly Name[], suite: () => void): void {
  const missing = names.map((name) => ENGINES[name].guest).find((guest) => 'reason' in guest);
  describe(title, () => {
    if (missing && 'reason' in missing) it('runs', ({ skip }) => skip(missing.reason));
    else suite();
  });
}

const certificatesOf = async (name: string): Promise<unknown[]> =>
  parseCertificationLog(await readFile(path(name), 'utf8')).map(({ certificate }) => certificate);

beforeAll(async () => {
  // What `cpu` says, to compare with: the votes of these images are clear of ties.
  await json(['certify', ...tiny(), ...votes, '--backend', 'cpu', '--out', path('cpu.tsv')]);
});

for (const name of ['tensorflow', 'onnxruntime'] as const) {
  describeEngine(`catrs --backend ${name}`, [name], () => {
    const { text } = ENGINES[name];
    const on = ['--backend', name];

    it('certifies, in one thread or two, as cpu does, and verifies its log', async () => {
      const one = await json(['certify', ...tiny(), ...votes, ...on, '--out', path(`${name}.tsv`)]);
      expect(one).toMatchObject({ runtime: name, engine: expect.stringMatching(text) as string, done: 24 });
      await json(['certify', ...tiny(), ...votes, ...on, '--workers', 2, '--out', path(`${name}-2.tsv`)]);
      const certificates = await certificatesOf(`${name}.tsv`);
      expect(await certificatesOf(`${name}-2.tsv`)).toEqual(certificates);
      expect(certificates).toEqual(await certificatesOf('cpu.tsv'));
      const rows = parseCertificationLog(await readFile(path(`${name}-2.tsv`), 'utf8'));
      expect(rows.map(({ engine }) => engine)).toEqual(rows.map(() => expect.stringMatching(text) as string));
      const held = await catrs(['verify', path(`${name}.tsv`), ...tiny(), '--rows', 'all']);
      expect(held.stderr).toMatch(new RegExp(`running on ${text.source}\n`));
      expect([held.code, held.stdout]).toEqual([0, expect.stringContaining('24 drawn again from their keys')]);
    });

    it('predicts and writes soft targets', async () => {
      const predicted = await json(['predict', ...tiny(), ...votes, ...on, '--workers', 2]);
      expect(predicted).toMatchObject({ engine: expect.stringMatching(text) as string, images: 24 });
      const targets = ['--sigma', 0.5, '--n', 50, ...on, '--out', path(`${name}.npy`)];
      expect(await json(['soft-targets', ...tiny(), ...targets])).toMatchObject({ runtime: name, done: 24 });
      expect((await decodeNpy(await readFile(path(`${name}.npy`)))).shape).toEqual([24, 2]);
      const record = JSON.parse(await readFile(path(`${name}.npy.json`), 'utf8')) as { engine: string };
      expect(record.engine).toMatch(text);
    });

    it('goes on with its log, where auto takes it, and no other engine does', async () => {
      await cp(path(`${name}.tsv`), path(`${name}-cut.tsv`));
      const out = ['--out', path(`${name}-cut.tsv`), '--resume'];
      const refused = await catrs(['certify', ...tiny(), ...votes, '--backend', 'wasm', ...out]);
      expect(refused.code).toBe(2);
      expect(last(refused.stderr)).toMatch(
        new RegExp(`was made on ${text.source}, got wasm \\(--backend ${name}, or another --out\\)$`),
      );
      expect(await json(['certify', ...tiny(), ...votes, ...out])).toMatchObject({ runtime: name, resumed: 24 });
    });

    it('certifies a residual network with batch normalisation', async () => {
      const model = cifarResnet({ key: createKey(5), depth: 8, inputShape: [4, 4, 1], numClasses: 2 });
      await saveModel(model, path(`resnet-${name}`));
      model.dispose();
      const args = ['certify', ...data(), '--model', path(`resnet-${name}`), ...votes, '--max', 3];
      await json([...args, ...on, '--out', path(`resnet-${name}.tsv`)]);
      await json([...args, '--backend', 'wasm', '--out', path(`resnet-wasm-${name}.tsv`)]);
      const countsOf = async (file: string): Promise<number[]> =>
        ((await certificatesOf(file)) as { counts: number[] }[]).map(({ counts }) => counts[0] ?? 0);
      const wasm = await countsOf(`resnet-wasm-${name}.tsv`);
      for (const [i, votesFor] of (await countsOf(`resnet-${name}.tsv`)).entries()) {
        expect(Math.abs(votesFor - (wasm[i] ?? NaN)), 'near-ties may differ').toBeLessThanOrEqual(2);
      }
    });
  });
}

describeEngine('catrs --backend tensorflow', ['tensorflow'], () => {
  const { text } = ENGINES.tensorflow;
  const on = ['--backend', 'tensorflow'];

  it('attacks, in one thread or two, into a log that says it', async () => {
    const attack = [...tiny(), ...votes, '--epsilon', 0.5, '--steps', 2, '--num-noise', 2, '--max', 4, ...on];
    const one = await json(['attack', ...attack, '--out', path('attacked.tsv')]);
    expect(one).toMatchObject({ engine: expect.stringMatching(text) as string, images: 4 });
    const record = JSON.parse(await readFile(path('attacked.tsv.json'), 'utf8')) as { engine: string };
    expect(record.engine).toMatch(text);
    const { cleanAccuracy, empiricalRobustAccuracy } = one;
    expect(await json(['attack', ...attack, '--workers', 2])).toMatchObject({ cleanAccuracy, empiricalRobustAccuracy });
  });

  it.each([1, 2])(
    'trains by CAT-RS with %i workers, goes on, and its model is certified on another engine',
    async (workers) => {
      const folder = path(`trained-${workers}`);
      const method = ['--method', 'catrs', '--num-noise', 2, '--attack-steps', 1, '--batch-size', 12];
      const args = ['train', ...data(), '--init', path('model'), ...method, '--workers', workers, '--out', folder];
      expect(await json([...args, ...on, '--epochs', 1])).toMatchObject({
        epochs: 1,
        engine: expect.stringMatching(text) as string,
      });
      const refused = await catrs([...args, '--backend', 'wasm', '--epochs', 2, '--resume']);
      expect(last(refused.stderr)).toMatch(/got wasm \(--backend tensorflow, or another --out\)$/);
      expect(await json([...args, '--epochs', 2, '--resume'])).toMatchObject({ epochs: 2, steps: 4 });
      const certify = ['certify', ...data(), '--model', folder, ...votes, '--backend', 'wasm', '--max', 2];
      expect(await json([...certify, '--out', `${folder}.tsv`])).toMatchObject({ runtime: 'wasm', done: 2 });
    },
  );

  it('takes a model that was trained on wasm', async () => {
    const trained = ['--init', path('model'), '--method', 'gaussian', '--epochs', 1, '--out', path('by-wasm')];
    await json(['train', ...data(), ...trained, '--backend', 'wasm']);
    const certify = ['certify', ...data(), '--model', path('by-wasm'), ...votes, ...on, '--max', 2];
    expect(await json([...certify, '--out', path('by-wasm.tsv')])).toMatchObject({ runtime: 'tensorflow', done: 2 });
  });
});

describeEngine('catrs --backend onnxruntime', ['onnxruntime'], () => {
  const on = ['--backend', 'onnxruntime'];

  it('refuses what has no gradient, and models that cannot be written as ONNX', async () => {
    const attacked = await catrs(['attack', ...tiny(), ...votes, '--epsilon', 0.5, ...on]);
    expect([attacked.code, last(attacked.stderr)]).toEqual([
      2,
      'catrs: --backend must be an engine with gradients, got onnxruntime (take tensorflow, wasm or cpu)',
    ]);
    const layers = [
      tf.layers.reshape({ targetShape: [4, 4], inputShape: [4, 4, 1] }),
      tf.layers.simpleRNN({ units: 2 }),
    ];
    const model = tf.sequential({ layers });
    await saveModel(model, path('rnn'));
    model.dispose();
    const rnn = ['certify', ...data(), '--model', path('rnn'), ...votes, '--max', 1];
    const refused = await catrs([...rnn, ...on, '--out', path('rnn.tsv')]);
    expect(refused.code).toBe(2);
    expect(last(refused.stderr)).toMatch(
      /rnn: must have layers and settings that toOnnx can write, got .*SimpleRNN.*; take --backend tensorflow, wasm or cpu$/,
    );
    const auto = await catrs([...rnn, '--out', path('rnn.tsv')]);
    expect(auto.stderr).toMatch(/catrs: onnxruntime is not taken: .*SimpleRNN.*\ncatrs: running on /s);
    expect(auto.code).toBe(0);
  });

  it('puts a denoiser in front, also in threads', async () => {
    const conv = tf.layers.conv2d({ filters: 1, kernelSize: 1, inputShape: [4, 4, 1] });
    const dark = tf.sequential({ layers: [conv] });
    conv.setWeights([tf.fill([1, 1, 1, 1], 0.5), tf.zeros([1])]);
    await saveModel(dark, path('dark'));
    dark.dispose();
    const predict = ['predict', ...tiny(), ...votes, '--denoiser', path('dark')];
    const { rows } = await json([...predict, '--backend', 'cpu']);
    expect((await json([...predict, ...on]))['rows']).toEqual(rows);
    expect((await json([...predict, ...on, '--workers', 2]))['rows']).toEqual(rows);
  });
});

describeEngine('catrs --backend auto', ['tensorflow', 'onnxruntime'], () => {
  it('votes on onnxruntime, and takes TensorFlow where gradients are needed', async () => {
    expect(await json(['predict', ...tiny(), ...votes, '--max', 2])).toMatchObject({ runtime: 'onnxruntime' });
    const attack = [...tiny(), ...votes, '--epsilon', 0.5, '--steps', 1, '--num-noise', 2, '--max', 1];
    expect(await json(['attack', ...attack])).toMatchObject({ runtime: 'tensorflow' });
  });
});
