import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  certificationLog,
  certifiedAccuracy,
  certifyDataset,
  type Certificate,
  type CertifiedRow,
  classOutcomes,
  createKey,
  fixedRadius,
  fixedSample,
  foldIn,
  formatOutputLog,
  GaussianNoise,
  incrementalBound,
  type IncrementalCertificate,
  LaplaceNoise,
  parseCertificationLog,
  parseOutputLog,
  plannedRadius,
  Recertifier,
  reproduceCertificate,
  SmoothedClassifier,
  topTwo,
  verifyCertificate,
} from 'catrs';
import { arrayDataset } from '../../../src/data/index.ts';
import { useBackend } from '../../helpers/backends.ts';
import { expectNoLeak } from '../../helpers/leaks.ts';
import { linearClassifier } from '../../helpers/linear.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const key = createKey(5);
const options = { numClasses: 2, noise, inputRange: [-Infinity, Infinity] } as const;
// The plane x0 = 0, and one that is turned and moved a little: what a quantised model is to its own.
const plane = linearClassifier([1, 0], 0);
const other = linearClassifier([1, 0.03], -0.005);
const old = new SmoothedClassifier(plane.logits, options);
const changed = new SmoothedClassifier(other.logits, options);
const at = [0.6, 0.4];

let x: tf.Tensor;
beforeAll(async () => {
  await useBackend('cpu');
  x = tf.tensor1d(at);
});
afterAll(() => x.dispose());

const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const withoutVotes = ({ votes: _, ...rest }: Certificate): Certificate => rest;

async function pair(more: object = {}): Promise<readonly [Certificate, IncrementalCertificate]> {
  const before = await old.certify(x, { key, n: 4000, keepVotes: 1000, ...more });
  return [before, await changed.recertify(x, { from: before })];
}

describe('keepVotes', () => {
  it('keeps the first votes of the estimation sample, whatever the batches, and changes nothing else', async () => {
    const plain = await old.certify(x, { key, n: 1000 });
    for (const batchSize of [7, 256, 5000]) {
      const { votes, ...rest } = await old.certify(x, { key, n: 1000, keepVotes: 150, batchSize });
      expect(rest).toEqual(plain);
      expect(votes).toHaveLength(150);
      const all = (await old.certify(x, { key, n: 1000, keepVotes: 5000, batchSize })).votes!;
      expect(all).toHaveLength(1000);
      expect(all.slice(0, 150)).toEqual(votes);
      expect([0, 1].map((c) => all.filter((vote) => vote === c).length)).toEqual(plain.counts);
    }
  });

  it('keeps no more than a rule has drawn', async () => {
    const c = await old.certify(x, { key, n: 4000, keepVotes: 4000, rule: fixedRadius({ radius: 0.3 }) });
    expect(c.nUsed).toBeLessThan(4000);
    expect(c.votes).toHaveLength(c.nUsed);
    expect(verifyCertificate(c, noise).valid).toBe(true);
    const swapped = [...c.votes!];
    swapped[0] = 1 - swapped[0]!;
    expect(verifyCertificate({ ...c, votes: swapped }, noise).valid).toBe(false);
    expect(verifyCertificate({ ...c, votes: [...c.votes!, 0] }, noise).valid).toBe(false);
  });

  it('is reproduced, and a vote that was edited is found', async () => {
    const c = await old.certify(x, { key, n: 1000, keepVotes: 100 });
    expect(await reproduceCertificate(old, x, stored(c))).toMatchObject({ same: true, votesThatDiffer: 0 });
    const votes = c.votes!.map((vote, i) => (i === 3 ? 1 - vote : vote));
    expect(await reproduceCertificate(old, x, { ...c, votes })).toMatchObject({ same: false, votesThatDiffer: 1 });
  });

  it('has a last column in logs, and only there', async () => {
    const data = arrayDataset({ values: new Float32Array([0.6, 0.4, -0.3, 0.2]), labels: [1, 0], shape: [2] });
    const rows: CertifiedRow[] = [];
    for await (const row of certifyDataset(old, data, { key, n: 1000, keepVotes: 200 })) rows.push(row);
    const text = certificationLog(rows);
    expect(text.split('\n')[0]!.endsWith('\tengine\tvotes')).toBe(true);
    expect(parseCertificationLog(text).map(({ certificate }) => certificate)).toEqual(
      rows.map(({ certificate }) => certificate),
    );
    const without = rows.map((row) => ({ ...row, certificate: withoutVotes(row.certificate) }));
    expect(certificationLog(without).split('\n')[0]!.endsWith('\tengine')).toBe(true);
    expect(() => certificationLog(rows, { votes: false })).toThrow('votes: true');
  });
});

describe('recertify', () => {
  it('takes the bound on the lost votes from the old bound', async () => {
    const [before, c] = await pair();
    const votes = await changed.sampleVotes(x, { key: foldIn(key, 0), n: 10 });
    expect(votes).toHaveLength(10);
    const bound = incrementalBound({
      ...{ lower: { p: before.pABar, q: before.qABar }, losses: c.losses, n: 1000, alphaZeta: 0.001 },
    });
    expect(c).toMatchObject({ task: 'incremental', label: 1, abstained: false, nUsed: 1000, failures: 0 });
    expect(c.losses).toBeGreaterThan(0);
    expect([c.pABar, c.qABar]).toEqual([bound.p, bound.q]);
    expect(c.radius).toBe(noise.radius(bound, { norm: 'l2', dimension: 2 }));
    expect(c.alpha).toBeCloseTo(0.002, 15);
    expect(c.radius).toBeLessThan(before.radius);
    expect(c.radius).toBeLessThan(other.distance(at));
    expect('votes' in c.basis).toBe(false);
    expect(verifyCertificate(stored(c), noise)).toMatchObject({ valid: true, faults: [], radius: c.radius });
  });

  it('gives the same for every batch size, and where the old classifier votes again', async () => {
    const [before, c] = await pair();
    expect(await changed.recertify(x, { from: before, batchSize: 13 })).toEqual(c);
    expect(await changed.recertify(x, { from: withoutVotes(before), n: 1000, old })).toEqual(c);
    const g = new Recertifier(changed, { from: () => before, old });
    expect(await reproduceCertificate(g, x, stored(c))).toMatchObject({ same: true });
    await expectNoLeak(async () => void (await changed.recertify(x, { from: before, n: 300 })));
  });

  it('loses nothing against itself', async () => {
    const before = await old.certify(x, { key, n: 4000, keepVotes: 1000 });
    const c = await old.recertify(x, { from: before });
    expect(c.losses).toBe(0);
    expect(c.counts.reduce((a, b) => a + b)).toBe(1000);
  });

  it('takes a bound for all numbers of samples where the old votes decided how many there are', async () => {
    for (const [rule, anytime] of [
      [fixedSample(), false],
      [fixedRadius({ radius: 0.3 }), true],
    ] as const) {
      const before = await old.certify(x, { key, n: 4000, keepVotes: 4000, rule });
      const c = await changed.recertify(x, { from: before, keepVotes: 50 });
      const again = await changed.recertify(x, { from: c });
      for (const [from, to] of [
        [before, c],
        [c, again],
      ] as const) {
        const lower = { p: from.pABar, q: from.qABar };
        const { losses, nUsed: pairs } = to;
        expect(to.pABar).toBe(incrementalBound({ lower, losses, n: pairs, alphaZeta: 0.001, anytime }).p);
        expect(verifyCertificate(to, noise).valid).toBe(true);
      }
    }
  });

  it('goes on from an incremental certificate, with one more alphaZeta', async () => {
    const before = await old.certify(x, { key, n: 4000, keepVotes: 1000 });
    const first = await changed.recertify(x, { from: before, keepVotes: 500 });
    const third = new SmoothedClassifier(linearClassifier([1, 0.06], -0.01).logits, options);
    const second = await third.recertify(x, { from: first });
    expect(first.votes).toHaveLength(500);
    expect(second.nUsed).toBe(500);
    expect(second.alpha).toBeCloseTo(0.003, 15);
    expect(second.radius).toBeLessThan(first.radius);
    expect(verifyCertificate(stored(second), noise).faults).toEqual([]);
    const basis = { ...second.basis, radius: 9 } as IncrementalCertificate;
    expect(verifyCertificate({ ...second, basis } as IncrementalCertificate, noise).faults.join()).toContain(
      'basis: radius',
    );
  });

  it('stops once a radius is proven, on a bound that holds at every number of samples', async () => {
    const before = await old.certify(x, { key, n: 4000, keepVotes: 4000 });
    const c = await changed.recertify(x, { from: before, until: 0.45 });
    expect(c.nUsed).toBeLessThan(4000);
    expect(c.nUsed % 100).toBe(0);
    expect(c.radius).toBeGreaterThanOrEqual(0.45);
    expect(verifyCertificate(stored(c), noise).faults).toEqual([]);
    const early = { ...c, until: 0.9 };
    expect(verifyCertificate(early, noise).faults.join()).toContain('nothing ended the sampling');
    expect(await changed.recertify(x, { from: before, until: 0.45, batchSize: 17 })).toEqual(c);
  });

  it('bounds gains and losses where the old certificate bounds the runner-up', async () => {
    const [before, c] = await pair({ rule: topTwo() });
    expect(before.pBBar).toBeDefined();
    expect(c.gains).toBeGreaterThanOrEqual(0);
    expect(c.pBBar!).toBeGreaterThan(before.pBBar!);
    expect(c.radius).toBeGreaterThan(0);
    expect(c.radius).toBeLessThan(before.radius);
    expect(verifyCertificate(stored(c), noise).faults).toEqual([]);
  });

  it('asks nothing where the old certificate abstained', async () => {
    const near = tf.tensor1d([0, 0]);
    const before = await old.certify(near, { key, n: 1000, keepVotes: 100 });
    expect(before.abstained).toBe(true);
    const c = await changed.recertify(near, { from: before });
    expect(c).toMatchObject({ label: -1, abstained: true, radius: 0, nUsed: 0 });
    expect(verifyCertificate(stored(c), noise).faults).toEqual([]);
    // It may have been given up before any of its votes, and before as many as others have.
    const early = { ...before, votes: before.votes!.slice(0, 0) };
    expect(await changed.recertify(near, { from: early, n: 80 })).toMatchObject({ n: 80, nUsed: 0, abstained: true });
    expect(await changed.recertify(near, { from: early })).toMatchObject({ n: 2000, nUsed: 0, abstained: true });
    near.dispose();
  });

  it('counts a sample without a vote as a loss, whoever cast none', async () => {
    const [before] = await pair();
    // Every tenth sample of the noise fails.
    const failing = {
      ...{ name: noise.name, parameters: noise.parameters, norms: noise.norms, domain: noise.domain },
      radius: noise.radius.bind(noise),
      perturb: (
        image: tf.Tensor,
        request: Parameters<GaussianNoise['perturb']>[1] & { onFailure?: (i: number) => void },
      ) => {
        for (let i = 0; i < request.count; i++)
          if ((request.start + i) % 10 === 0) request.onFailure?.(request.start + i);
        return noise.perturb(image, request);
      },
    };
    const g = new SmoothedClassifier(plane.logits, { ...options, noise: failing });
    const c = await g.recertify(x, { from: before });
    expect(c.failures).toBe(100);
    expect(c.losses).toBe(100);
    const holes = before.votes!.map((vote, i) => (i % 4 === 0 ? -1 : vote));
    expect((await old.recertify(x, { from: { ...before, votes: holes } })).losses).toBe(250);
  });

  it('refuses what it cannot go on from', async () => {
    const [before] = await pair();
    const from = before;
    const refused = (g: SmoothedClassifier, more: object, text: string): Promise<void> =>
      expect(g.recertify(x, { from, ...more })).rejects.toThrow(text);
    const wider = new GaussianNoise({ sigma: 0.6 });
    await refused(
      new SmoothedClassifier(other.logits, { ...options, noise: wider }),
      {},
      'must be the one that the certificate names',
    );
    const laplace = new LaplaceNoise({ scale: 0.5 });
    await refused(new SmoothedClassifier(other.logits, { ...options, noise: laplace }), {}, '`noise` must be');
    await refused(changed, { norm: 'l1' }, '`norm` must be that of `from`, l2');
    await refused(changed, { key: createKey(6) }, '`key` must be that of `from`');
    await refused(changed, { n: 1001 }, '`n` must be at most 1000, the votes of `from`');
    await refused(changed, { keepVotes: 1001 }, '`keepVotes` must be at most n = 1000');
    await refused(changed, { from: { ...from, votes: undefined } }, '`from` must have its votes');
    await refused(changed, { from: { ...from, topK: 2 } }, 'must be of hard votes and of one class');
    await refused(changed, { from: { ...from, key: null } }, 'must have a key');
    const rule = plannedRadius({ radius: 0.3 });
    const chosen = await old.certify(x, { key, n: 1000, n0: 0, keepVotes: 300, rule });
    await refused(changed, { from: chosen }, 'must have a class that its selection sample chose');
    await refused(new SmoothedClassifier(other.logits, { ...options, inputRange: [-1, 1] }), {}, 'input range');
    const three = tf.tensor1d([0.5, 0.5, 0.5]);
    const wide = new SmoothedClassifier(linearClassifier([1, 0, 0], 0).logits, options);
    await expect(wide.recertify(three, { from })).rejects.toThrow('must be the input of `from`, of 2 coordinates');
    three.dispose();
  });

  it('finds every edit that claims more', async () => {
    const [, c] = await pair();
    const edited = [
      ['radius', c.radius * 1.001],
      ['label', 0],
      ['losses', c.losses - 1],
      ['alphaZeta', 0.01],
      ['alpha', 0.001],
      ['nUsed', 900],
      ['n', 900],
      ['pABar', c.pABar + 0.001],
      ['qABar', c.qABar - 0.001],
      ['counts', [0, 1000]],
      ['norm', 'linf'],
      ['dimension', 1],
      ['key', createKey(6)],
      ['until', 0.1],
      ['gains', 1],
      ['failures', 1],
      ['abstained', true],
      ['basis', { ...c.basis, pABar: 0.99 }],
      ['basis', { ...c.basis, counts: [0, 4000] }],
      ['extra', 1],
    ] as const;
    for (const [name, value] of edited) {
      const { valid } = verifyCertificate(stored({ ...c, [name]: value }), noise);
      // Fewer losses and a radius that does not follow from them.
      expect(valid, `${name} = ${JSON.stringify(value)}`).toBe(false);
    }
  });
});

describe('Recertifier', () => {
  it('goes over a data set from the log of the old run, into a log that is read and checked', async () => {
    const values = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i * 7) * 0.9);
    const labels = Array.from({ length: 6 }, (_, i) => plane.label(values.subarray(2 * i, 2 * i + 2)));
    const data = arrayDataset({ values, labels, shape: [2] });
    const rows: CertifiedRow[] = [];
    for await (const row of certifyDataset(old, data, { key, n: 2000, keepVotes: 1000 })) rows.push(row);
    const logged = new Map(
      parseCertificationLog(certificationLog(rows)).map(({ index, certificate }) => [index, certificate]),
    );
    const g = new Recertifier(changed, { from: (index) => logged.get(index) });
    const again = [];
    for await (const row of certifyDataset(g, data, { key, n: 800 })) again.push(row);
    const log = parseOutputLog(formatOutputLog('incremental', again));
    expect(log.rows).toHaveLength(6);
    for (const { certificate } of log.rows) expect(verifyCertificate(certificate, noise).faults).toEqual([]);
    expect(certifiedAccuracy(classOutcomes(again), [0])[0]).toBeGreaterThan(0.5);
    await expect(async () => {
      for await (const row of certifyDataset(g, data, { key: createKey(9) })) void row;
    }).rejects.toThrow('`key` must be that of `from`');
    const none = new Recertifier(changed, { from: () => undefined });
    await expect(async () => {
      for await (const row of certifyDataset(none, data, { key })) void row;
    }).rejects.toThrow('must give the old certificate of every example');
  });
});
