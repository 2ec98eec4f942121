import { readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RoutedCertificate } from 'catrs';
import { createKey, GaussianNoise, RoutedClassifier, SmoothedClassifier } from 'catrs';
import { parseOutputLog } from '../../src/evaluate/output-log.ts';
import { loadModel } from '../../src/node/load-model.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { exampleKey } from '../../src/random/purposes.ts';
import type { Words } from './changed-model.ts';
import { catrs, useTiny } from './run.ts';
import { SIZE, tinyImages, tinyModel } from './tiny.ts';

const { path, data } = useTiny();
const N = 120;

/** A router by the mean of the image: above or below 0.3. */
beforeAll(async () => {
  const router = tinyModel();
  const [weights, bias] = router.getWeights();
  tf.tidy(() => router.setWeights([weights!, tf.mul(bias!, 0.6)]));
  await saveModel(router, path('router'));
  router.dispose();
  const three = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [4, 4, 1] }), tf.layers.dense({ units: 3 })],
  });
  await saveModel(three, path('three'));
  three.dispose();
});

const certify = (name: string, more: Words = []): Words => {
  const experts = ['--experts', `${path('model')},${path('model')}`, '--expert-sigmas', '0.25,0.75'];
  const router = ['--model', path('router'), '--sigma', 0.5, '--backend', 'cpu'];
  return ['certify', ...data(), ...router, ...experts, '--n', N, '--n0', 20, ...more, '--out', path(name)];
};
type Row = { readonly index: number; readonly target: unknown; readonly certificate: RoutedCertificate };
const rowsOf = async (name: string): Promise<Row[]> =>
  parseOutputLog(await readFile(path(name), 'utf8')).rows.map(({ index, target, certificate }) => ({
    ...{ index, target },
    certificate: certificate as RoutedCertificate,
  }));

describe('catrs certify --experts', () => {
  it('certifies as the RoutedClassifier of the same models, and the log is checked and analyzed', async () => {
    const { code, stderr, stdout } = await catrs(certify('routed.jsonl', ['--seed', 2]));
    expect(stderr.match(/running on cpu/g)).toHaveLength(1);
    expect(stderr).toContain('\n24/24 100 %, done\n');
    expect(stdout).toContain(`${path('routed.jsonl')}: routed, 24 inputs\n`);
    expect(code).toBe(0);
    const rows = await rowsOf('routed.jsonl');
    const { values, labels } = tinyImages();
    expect(rows.map(({ target }) => target)).toEqual([...labels]);
    expect(new Set(rows.map(({ certificate }) => certificate.chosen))).toEqual(new Set([0, 1]));

    const [router, model] = [await loadModel(path('router')), await loadModel(path('model'))];
    const smoothed = (base: typeof model, sigma: number): SmoothedClassifier =>
      new SmoothedClassifier(base, { noise: new GaussianNoise({ sigma }), numClasses: 2 });
    const g = new RoutedClassifier({
      router: smoothed(router, 0.5),
      experts: [smoothed(model, 0.25), smoothed(model, 0.75)],
    });
    for (const { index, certificate } of [rows[0]!, rows[11]!, rows[23]!]) {
      const x = tf.tensor(values.slice(16 * index, 16 * index + 16), [4, 4, 1]);
      const again = await g.certify(x, { key: exampleKey(createKey(2), index), n: N, n0: 20 });
      expect(certificate).toEqual(JSON.parse(JSON.stringify(again)));
      x.dispose();
    }
    router.dispose();
    model.dispose();

    const checked = await catrs(['verify', path('routed.jsonl')]);
    expect(checked.stdout).toContain('all of 24 certificates follow from their evidence\n');
    expect(checked.code).toBe(0);
    const analyzed = await catrs(['analyze', path('routed.jsonl'), '--json', '--plot', path('routed.svg')]);
    expect(JSON.parse(analyzed.stdout)).toMatchObject({ logs: [{ task: 'routed', examples: 24 }] });
    expect(analyzed.code).toBe(0);
  });

  it('goes on with --resume and joins shards to the rows of one run', async () => {
    const text = await readFile(path('routed.jsonl'), 'utf8');
    await writeFile(path('part.jsonl'), text.slice(0, text.length / 2));
    const resumed = await catrs(certify('part.jsonl', ['--seed', 2, '--resume', '--json']));
    expect(JSON.parse(resumed.stdout)).toMatchObject({ done: 24, task: 'routed' });
    expect((JSON.parse(resumed.stdout) as { resumed: number }).resumed).toBeGreaterThan(0);
    expect(await rowsOf('part.jsonl')).toEqual(await rowsOf('routed.jsonl'));
    for (const shard of [0, 1]) await catrs(certify(`${shard}.jsonl`, ['--seed', 2, '--shard', `${shard}/2`]));
    const pieces = [path('0.jsonl'), path('1.jsonl')];
    const merged = await catrs(['merge', ...pieces, '--size', SIZE, '--seed', 2, '--out', path('merged.jsonl')]);
    expect(merged.stdout).toContain('24 inputs of 2 logs\n');
    expect(await rowsOf('merged.jsonl')).toEqual(await rowsOf('routed.jsonl'));
  });

  it('plans one radius for both parts, each with a selection sample', async () => {
    const { code } = await catrs(certify('planned.jsonl', ['--radius', 0.1, '--max', 3]));
    expect(code).toBe(0);
    for (const { certificate } of await rowsOf('planned.jsonl')) {
      const { expert, router, n0 } = certificate;
      expect(n0).toBe(20);
      for (const { name, parameters } of [expert.rule, router!.rule]) {
        expect(name).toBe('planned-radius');
        expect(parameters['radius']).toEqual([0.1]);
      }
      expect(certificate.radius).toBe(0.1);
    }
    expect((await catrs(['verify', path('planned.jsonl')])).code).toBe(0);
  });

  it.each<readonly [string, Words, RegExp]>([
    ['sigmas of fewer experts', ['--expert-sigmas', '0.25'], /^--expert-sigmas must be a number for each of --experts, got 1 for 2 experts \(0\.25\)$/],
    ['one expert', ['--experts', 'a'], /^--experts must be at least two models, got "a" \(comma-separated; /],
    ['a router of other experts', ['--model', 'THREE'], /^--model must have a class for each of the 2 experts, got 3$/],
    ['a noise that has no sigma', ['--noise', 'laplace'], /^--noise must be gaussian or sound-gaussian with --experts, got laplace/],
    ['threads', ['--workers', 2], /^--workers must be 1 with --experts, got 2 \(each thread would hold all models: run --shard/],
    ['votes that are kept', ['--keep-votes', 9], /^--keep-votes must be left out with --experts, got 9 /],
    ['an old log', ['--from-log', 'old.tsv'], /^--from-log must be left out with --experts, got old\.tsv /],
    ['no selection sample', ['--n0', 0], /^--n0 must be at least 1 with --experts, got 0/],
    ['a negative sigma', ['--expert-sigmas', '0.25,-1'], /^--expert-sigmas must be numbers greater than 0, got -1$/],
  ])('refuses %s', async (_, more, message) => {
    const { code, stderr } = await catrs(certify('none.jsonl', more.map((word) => (word === 'THREE' ? path('three') : word)))); // prettier-ignore
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)!.replace(/^catrs: /, '')).toMatch(message);
  }); // prettier-ignore

  it('wants both options', async () => {
    const router = ['certify', ...data(), '--model', path('router'), '--sigma', 0.5, '--out', path('none.jsonl')];
    const sigmas = await catrs([...router, '--expert-sigmas', '0.25,1']);
    expect(sigmas.stderr).toContain('--experts must be given with --expert-sigmas 0.25,1 (a noise for each expert');
    const experts = await catrs([...router, '--experts', 'a,b']);
    expect(experts.stderr).toContain('--expert-sigmas must be given with --experts a,b (a noise for each expert');
  });
});
