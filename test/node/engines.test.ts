import { readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { SmoothedPgd } from '../../src/attacks/smoothed-pgd.ts';
import { binary } from '../../src/classifier/binary.ts';
import { ensemble } from '../../src/classifier/ensemble.ts';
import { denoised } from '../../src/classifier/input-adapters.ts';
import { normalizeInput } from '../../src/classifier/normalize-input.ts';
import { reshapeInput } from '../../src/classifier/reshape-input.ts';
import { toLogitsFn } from '../../src/classifier/to-logits-fn.ts';
import type { TypedClassifier } from '../../src/classifier/types.ts';
import { decodeSafetensors } from '../../src/data/safetensors.ts';
import { OptionError } from '../../src/errors.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { attackToLog } from '../../src/node/attack-to-log.ts';
import { certifyToLog } from '../../src/node/certify-to-log.ts';
import { mergeLogs } from '../../src/node/merge-logs.ts';
import { softTargetsToNpy } from '../../src/node/soft-targets-to-npy.ts';
import { captureCheckpoint } from '../../src/recipes/capture-checkpoint.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { currentEngine, nameEngine } from '../../src/tensors/engine.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError, thrownBy } from '../helpers/errors.ts';
import { dataset, g, key, noise, settings } from './points.ts';
import { readLog, run, useFolder } from './run.ts';

const { path } = useFolder();
const CPU = 'cpu (tfjs 4.22.0)';
const WASM = 'wasm (tfjs 4.22.0, kernels 2)';

beforeEach(() => useBackend('cpu'));

async function refused(run: () => unknown, text: RegExp): Promise<void> {
  const error = await thrownBy(run);
  expect(error).toBeInstanceOf(OptionError);
  expect((error as Error).message).toMatch(text);
}

const enginesIn = async (name: string): Promise<readonly unknown[]> => [
  ...new Set(parseCertificationLog(await readFile(path(name), 'utf8')).map(({ engine }) => engine)),
];

/** A log as catrs 0.5 wrote it: without the last column. */
async function writeAs05(name: string, from: string, rows = Infinity): Promise<void> {
  const lines = (await readFile(path(from), 'utf8'))
    .trimEnd()
    .split('\n')
    .slice(0, rows + 1);
  await writeFile(path(name), lines.map((line) => `${line.slice(0, line.lastIndexOf('\t'))}\n`).join(''));
}

describe('what runs a classifier', () => {
  it('is the current backend with its version, or what the backend was named', async () => {
    expect([currentEngine(), g.engine]).toEqual([CPU, CPU]);
    await useBackend('wasm');
    expect([currentEngine(), g.engine]).toEqual([WASM, WASM]);
    const backend = { floatPrecision: () => 32, epsilon: () => 1e-7, dispose: () => undefined };
    tf.registerBackend('named', () => backend as never);
    try {
      await tf.setBackend('named');
      expect(currentEngine()).toBe('named (tfjs 4.22.0)');
      nameEngine(backend, 'named 1.0 (a package 2.0)');
      expect(currentEngine()).toBe('named 1.0 (a package 2.0)');
    } finally {
      await useBackend('cpu');
      tf.removeBackend('named');
    }
  });

  it('is what a classifier of typed arrays says of itself, behind every adapter', () => {
    const typed = (engine?: string): TypedClassifier => ({
      classify: (_, { batch }) => new Float32Array(2 * batch),
      inputShape: [2],
      numClasses: 2,
      engine,
    });
    const one = typed('onnxruntime 1.30.0');
    const steps = [
      one,
      normalizeInput(one, { mean: 0, std: 2 }),
      reshapeInput(one, { shape: [2, 1] }),
      toLogitsFn(one, { output: 'probabilities' }),
      denoised(one, { denoise: (x) => x }),
      binary({ ...one, numClasses: undefined }, { output: 'logits' }),
      ensemble([one, one]),
    ];
    const engines = steps.map((step) => new SmoothedClassifier(step, { noise, numClasses: 2 }).engine);
    expect(engines).toEqual(steps.map(() => 'onnxruntime 1.30.0'));
    expect((ensemble([one, typed('other 1')]) as TypedClassifier).engine).toBe('onnxruntime 1.30.0, other 1');
    expect(new SmoothedClassifier(typed(), { noise }).engine).toBeUndefined();
  });

  it('stands in rows, records and checkpoints', async () => {
    for await (const row of certifyDataset(g, dataset, settings)) expect(row.engine).toBe(CPU);
    await softTargetsToNpy(g, dataset, { key, n: 20, file: path('targets.npy') });
    const pgd = new SmoothedPgd({ epsilon: 0.1, steps: 1, numNoise: 2 });
    await attackToLog(g, pgd, dataset, { key, n: 100, file: path('attacked.tsv') });
    for (const name of ['targets.npy.json', 'attacked.tsv.json']) {
      expect(JSON.parse(await readFile(path(name), 'utf8'))).toMatchObject({ engine: CPU });
    }
    const variable = tf.variable(tf.zeros([1]));
    const { metadata } = decodeSafetensors(await captureCheckpoint({ variables: { variable } }));
    variable.dispose();
    expect(metadata.get('catrs.engine')).toBe(CPU);
  });
});

describe('a log', () => {
  it('says the engine of each row, and goes on only on it', async () => {
    await run(path('one.tsv'), { select: { max: 4 } });
    expect(await enginesIn('one.tsv')).toEqual([CPU]);
    const before = await readFile(path('one.tsv'), 'utf8');
    await useBackend('wasm');
    for (const recheck of [true, false]) {
      const text =
        `certifyToLog: \`engine\` must be the same for all rows of a log, got ${WASM} where ${path('one.tsv')}, line 2, has ${CPU}` +
        ' (go on with the engine of before, or take another file)';
      await expectError(() => run(path('one.tsv'), { recheck }), OptionError, text);
    }
    expect(await readFile(path('one.tsv'), 'utf8')).toBe(before);
    await useBackend('cpu');
    expect(await run(path('one.tsv'))).toMatchObject({ resumed: 4, done: 12 });
  });

  it('does not go on with another version, nor with a classifier that does not say what runs it', async () => {
    const typed = (engine: string | undefined): SmoothedClassifier => {
      const classify = (x: Float32Array): Float32Array => x.map((value, i) => value * (i % 2 ? -1 : 1));
      return new SmoothedClassifier({ classify, engine }, { noise, numClasses: 2 });
    };
    const certify = (engine: string | undefined, max?: number) =>
      certifyToLog(typed(engine), dataset, { ...settings, select: { max }, file: path('typed.tsv') });
    await certify('onnxruntime 1.30.0', 3);
    await refused(() => certify('onnxruntime 1.31.0'), /got onnxruntime 1.31.0 where .* has onnxruntime 1.30.0 \(/);
    await refused(() => certify(undefined), /got one that is not known where .* has onnxruntime 1.30.0 \(/);
    expect(await certify('onnxruntime 1.30.0')).toMatchObject({ resumed: 3, done: 12 });
  });

  it('does not take samples of another engine from the journal', async () => {
    const stop = new AbortController();
    const onSamples = (): void => stop.abort(new Error('stop'));
    const file = path('journal.tsv');
    await expect(run(file, { onSamples, signal: stop.signal, batchSize: 20, n0: 100 })).rejects.toThrow('stop');
    expect(await readFile(`${file}.partial`, 'utf8')).toContain(`"engine":"${CPU}"`);
    await useBackend('wasm');
    for (const recheck of [true, false]) {
      const text = new RegExp(`must be the same .*got wasm .* where .*journal.tsv.partial, image 0, has cpu`);
      await refused(() => run(file, { n0: 100, recheck }), text);
    }
    await useBackend('cpu');
    expect(await run(file, { n0: 100 })).toMatchObject({ done: 12 });
  });

  it('has no row of a backend that the host sets in the middle of the run', async () => {
    const file = path('switched.tsv');
    const onProgress = ({ done }: { readonly done: number }): void => {
      if (done === 2) void tf.setBackend('wasm');
    };
    await useBackend('wasm');
    await useBackend('cpu');
    await refused(() => run(file, { onProgress, batchSize: 10 }), /must be the same for all rows of a log, got wasm/);
    expect(await enginesIn('switched.tsv')).toEqual([CPU]);
  });

  it('of catrs 0.5 goes on in its own form, on any engine', async () => {
    await run(path('whole.tsv'));
    await writeAs05('old-whole.tsv', 'whole.tsv');
    await writeAs05('old.tsv', 'whole.tsv', 5);
    expect(await run(path('old.tsv'))).toMatchObject({ resumed: 5, done: 12 });
    expect(await readLog(path('old.tsv'))).toBe(await readLog(path('old-whole.tsv')));
    expect(await enginesIn('old.tsv')).toEqual([undefined]);
    await writeAs05('older.tsv', 'whole.tsv', 5);
    await useBackend('wasm');
    expect(await run(path('older.tsv'), { recheck: false })).toMatchObject({ resumed: 5, done: 12 });
  });
});

describe('records of catrs 0.5', () => {
  it.each(['targets-05.npy', 'attacked-05.tsv'])('do not name the engine: %s is gone on with', async (name) => {
    const again = (): Promise<{ resumed: number }> => {
      if (name.endsWith('.npy')) return softTargetsToNpy(g, dataset, { key, n: 20, file: path(name) });
      const pgd = new SmoothedPgd({ epsilon: 0.1, steps: 1, numNoise: 2 });
      return attackToLog(g, pgd, dataset, { key, n: 100, file: path(name) });
    };
    await again();
    const record = JSON.parse(await readFile(path(`${name}.json`), 'utf8')) as { engine?: string };
    await useBackend('wasm');
    await refused(again, new RegExp(`\`engine\` must be the same for all rows of a file, got "wasm`));
    await useBackend('cpu');
    delete record.engine;
    await writeFile(path(`${name}.json`), JSON.stringify(record));
    expect((await again()).resumed).toBe(12);
  });
});

describe('merging', () => {
  it('wants one engine, or to be told; each row says its own', async () => {
    await run(path('m0.tsv'), { select: { shard: { index: 0, count: 2 } } });
    await useBackend('wasm');
    await run(path('m1.tsv'), { select: { shard: { index: 1, count: 2 } } });
    const merge = (mixEngines: boolean) =>
      mergeLogs([path('m0.tsv'), path('m1.tsv')], { file: path('m.tsv'), key, size: 12, mixEngines });
    const text = `mergeLogs: \`files\` must be logs of one engine, got ${CPU} and, in ${path('m1.tsv')}, line 2, ${WASM} (to have rows of both, each of which says which, set \`mixEngines: true\`)`;
    await expectError(() => merge(false), OptionError, text);
    expect(await merge(true)).toMatchObject({ done: 12 });
    expect((await enginesIn('m.tsv')).toSorted()).toEqual([CPU, WASM]);
    await refused(() => run(path('m.tsv')), /must be the same for all rows of a log/);
  });

  it('of logs of catrs 0.5 gives one of their form', async () => {
    await run(path('p.tsv'));
    await writeAs05('p05.tsv', 'p.tsv');
    await writeAs05('p05-first.tsv', 'p.tsv', 6);
    await run(path('p-second.tsv'), { select: { start: 6 } });
    await writeAs05('p05-second.tsv', 'p-second.tsv');
    await mergeLogs([path('p05-first.tsv'), path('p05-second.tsv')], { file: path('p05-m.tsv'), key, size: 12 });
    expect(await readLog(path('p05-m.tsv'))).toBe(await readLog(path('p05.tsv')));
    const mixed = [path('p05-first.tsv'), path('p-second.tsv')];
    const merge = (mixEngines: boolean) => mergeLogs(mixed, { file: path('p-m.tsv'), key, size: 12, mixEngines });
    await refused(() => merge(false), /got one that is not known and, in .* cpu/);
    await merge(true);
    expect(await enginesIn('p-m.tsv')).toEqual([undefined, CPU]);
  });
});
