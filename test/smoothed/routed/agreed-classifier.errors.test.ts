import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  AgreedClassifier,
  type AgreedClassifierOptions,
  type AgreedCertificate,
  createKey,
  GaussianNoise,
  SmoothedClassifier,
  topK,
  verifyCertificate,
} from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { linearClassifier } from '../../helpers/linear.ts';

const { logits } = linearClassifier([0, 1], 0);
const smoothed = (sigma: number | number[], inputRange: [number, number] = [-9, 9]): SmoothedClassifier =>
  new SmoothedClassifier(logits, { noise: new GaussianNoise({ sigma }), numClasses: 2, inputRange });
const experts = [smoothed(0.25), smoothed(0.5)];
const router = smoothed(0.5);
const g = new AgreedClassifier({ experts, router });
const key = createKey(1);
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

let x: tf.Tensor;
beforeAll(async () => {
  await useBackend('cpu');
  x = tf.tensor1d([0.1, 0.6]);
});
afterAll(() => x.dispose());

it('refuses parts that do not fit, with the reason', () => {
  const refused = (options: object, text: string): void =>
    expect(() => new AgreedClassifier({ experts, ...options } as AgreedClassifierOptions)).toThrow(text);
  refused({ experts: [experts[0]] }, 'AgreedClassifier: `experts` must be a list of at least two SmoothedClassifiers');
  refused({ router: logits }, '`router` must be a SmoothedClassifier: a choice that sees the input without noise');
  refused({ experts: [...experts, experts[0]], router }, '`router` must have a class for each of the 3 experts');
  refused({ experts: [experts[0], smoothed(1, [0, 1])] }, '`experts` must have one input range, got');
  refused({ candidates: 1 }, '`candidates` must be left out without a router, got 1');
  refused(
    { router, candidates: 2 },
    '`candidates` must be at most 1, got 2 (without a router all experts have to agree)',
  );
  refused({ router, candidates: 0 }, '`candidates` must');
  refused({ colour: 1 }, 'unknown option `colour`');
  const noise = { ...new GaussianNoise({ sigma: 1 }), name: 'own', radiusAgainst: undefined };
  const own = Object.assign(Object.create(router) as SmoothedClassifier, {});
  Object.defineProperty(own, 'noise', { value: { ...noise, domain: 'real' } });
  Object.defineProperty(own, 'numClasses', { value: 2 });
  Object.defineProperty(own, 'inputRange', { value: router.inputRange });
  refused({ router: own }, '`router` must have noise with radiusAgainst, got "own"');
});

it('refuses rules, norms and numbers of samples that do not fit', async () => {
  await expect(g.certify(x, { key, n: 100, rule: topK({ k: 1 }) })).rejects.toThrow(
    'AgreedClassifier.certify: `rule` must be a rule of one class',
  );
  await expect(g.certify(x, { key, n: 100, n0: 0 })).rejects.toThrow('`n0` must');
  await expect(g.certify(x, { key, n: 100, norm: 'l0' })).rejects.toThrow(/`norm` must be one that gaussian/);
  await expect(g.certify(x, { key, n: 100, routerN: 5 })).rejects.toThrow(/must be at least \d+ to certify anything/);
  await expect(g.certify(x, { key: 3 as never })).rejects.toThrow('`key` must');
  await expect(g.predict(x, { key, n: 5 })).rejects.toThrow('AgreedClassifier.predict: `n` must');
  expect(() => g.certifyStream([] as never, { key, alpha: 2 })).toThrow('AgreedClassifier.certifyStream: `alpha`');
});

it('refuses norm scaled of other scales: the least of two such radii says nothing', async () => {
  const [own, other] = [
    [0.5, 0.25],
    [0.25, 0.5],
  ];
  const apart = new AgreedClassifier({ experts: [smoothed(own!), smoothed(other!)] });
  await expect(apart.certify(x, { key, n: 200 })).rejects.toThrow(
    /`norm` must be a length, as the experts measure changes in other scales, got "scaled" \(take norm 'l2'/,
  );
  expect(await apart.certify(x, { key, n: 200, norm: 'l2' })).toMatchObject({ norm: 'l2', label: 1 });
  const alike = new AgreedClassifier({ experts: [smoothed(own!), smoothed(own!)] });
  const c = await alike.certify(x, { key, n: 200 });
  expect(c).toMatchObject({ norm: 'scaled', label: 1 });
  expect(verifyCertificate(stored(c), alike.noise).faults).toEqual([]);
  const noise = { name: 'gaussian', parameters: { sigma: other! } };
  const [first, second] = c.experts;
  const edited: AgreedCertificate = { ...stored(c), experts: [first!, { ...second!, noise }] };
  expect(verifyCertificate(edited, alike.noise).faults).toContain(
    'norm is scaled, but the parts measure changes in other scales',
  );
});

it('refuses certificates of another form', async () => {
  const c = stored(await g.certify(x, { key, n: 100 }));
  const edits: readonly (readonly [string, unknown])[] = [
    ['experts', []],
    ['router', 3],
    ['router', { ...c.router, n: 0 }],
    ['label', 0.5],
    ['limitedBy', 'expert'],
    ['radius', -1],
  ];
  for (const [name, value] of edits)
    expect(() => verifyCertificate({ ...c, [name]: value } as never, g.noise), name).toThrow(`\`${name}\` must`);
});
