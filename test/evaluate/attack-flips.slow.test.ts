import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { GreedyFlipAttack } from '../../src/attacks/greedy-flip-attack.ts';
import { attackOf, attackRecord } from '../../src/attacks/attack-record.ts';
import { adjacencyOfPairs, pairsOfEdges } from '../../src/classifier/pair-adjacency.ts';
import { arrayDataset } from '../../src/data/array-dataset.ts';
import { attackDataset } from '../../src/evaluate/attack-dataset.ts';
import { certifyDataset } from '../../src/evaluate/certify-dataset.ts';
import { OptionError } from '../../src/errors.ts';
import { BitFlipNoise } from '../../src/noise/bit-flip-noise.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';

beforeAll(() => useBackend('cpu'));

const NODES = 8;
const key = createKey(12);

/** Whether node 0 has more edges than node 7, or fewer. */
const moreEdges = (pairs: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const degrees = tf.sum(adjacencyOfPairs(pairs, NODES), 2);
    return tf.gather(degrees, tf.tensor1d([0, 7], 'int32'), 1);
  });

/** Stars around node 0 or node 7, with some edges between the others. */
const graphs = Array.from({ length: 8 }, (_, i) => {
  const centre = i % 2 === 0 ? 0 : 7;
  const leaves = [1, 2, 3, 4, 5, 6].slice(0, 3 + (i >> 1));
  const others: [number, number][] = [
    [1, 2],
    [3, (i % 3) + 4],
  ];
  return { label: i % 2, pairs: pairsOfEdges([...leaves.map((leaf): [number, number] => [centre, leaf]), ...others], NODES) }; // prettier-ignore
});
const size = graphs[0]!.pairs.length;
const dataset = arrayDataset({
  values: Float32Array.from(graphs.flatMap(({ pairs }) => [...pairs])),
  shape: [size],
  labels: graphs.map(({ label }) => label),
});
const noise = new BitFlipNoise({ addition: 0.05, deletion: 0.3 });
const g = new SmoothedClassifier(moreEdges, { noise, numClasses: 2 });

describe('attackDataset with GreedyFlipAttack', () => {
  it('breaks no certificate, and what is certified no longer', async () => {
    const certified = [];
    for await (const row of certifyDataset(g, dataset, { key, n0: 100, n: 4000, alpha: 0.001 })) certified.push(row);
    const radii = certified.map(({ certificate }) => certificate.radius);
    expect(Math.max(...radii)).toBeGreaterThanOrEqual(2);
    const epsilons = [1, 2, 3, 12];
    let broken = 0;
    for (const gradientFree of [false, true]) {
      const attack = new GreedyFlipAttack({ changes: 1, trials: 12, numNoise: 32, gradientFree });
      for await (const row of attackDataset(g, attack, dataset, { key, epsilons, n: 1000, alpha: 0.001 })) {
        const { certificate } = certified[row.index]!;
        expect(row.norm).toBe('l0');
        expect(row.distance).toBeLessThanOrEqual(row.epsilon!);
        if (row.broken) broken++;
        if (certificate.abstained || certificate.label !== row.label || row.epsilon! > certificate.radius) continue;
        expect(row.broken, `graph ${row.index} within ${certificate.radius}`).toBe(false);
      }
    }
    expect(broken, 'far beyond the radius some fall').toBeGreaterThan(4);
  });

  it('is made again from its record', () => {
    const attack = new GreedyFlipAttack({ changes: 5, added: 2, trials: 4, numNoise: 8, gradientFree: true });
    const record = JSON.parse(JSON.stringify(attackRecord(attack))) as NonNullable<ReturnType<typeof attackRecord>>;
    expect(record.name).toBe('GreedyFlipAttack');
    expect(attackOf(record)).toEqual(attack);
    expect(attack.withEpsilon(3)).toMatchObject({ changes: 3, added: 2, deleted: 3 });
  });
});

describe('GreedyFlipAttack refuses', () => {
  const least = 'must be an integer of at least';
  it.each([
    [{ changes: 0 }, `\`changes\` ${least} 1, got 0`],
    [{ changes: 1, added: -1 }, `\`added\` ${least} 0, got -1`],
    [{ changes: 1, deleted: 0.5 }, `\`deleted\` ${least} 0, got 0.5`],
    [{ changes: 1, trials: 0 }, `\`trials\` ${least} 1, got 0`],
    [{ changes: 1, numNoise: 0 }, `\`numNoise\` ${least} 1, got 0`],
    [
      { epsilon: 1 },
      'unknown option `epsilon`; known options: `changes`, `added`, `deleted`, `trials`, `numNoise`, `gradientFree`',
    ],
  ])(
    '%j',
    (options, text) =>
    expectError(() => new GreedyFlipAttack({ changes: 1, ...options } as never), OptionError, `GreedyFlipAttack: ${text}`), // prettier-ignore
  );

  it('another noise', async () => {
    const x = tf.zeros([1, size]);
    const target = { logits: moreEdges as never, noise: new GaussianNoise({ sigma: 1 }), inputRange: [0, 1] as const };
    await expectError(
      () => new GreedyFlipAttack({ changes: 1 }).perturb(target, { x, labels: [0], key }),
      OptionError,
      'GreedyFlipAttack.perturb: `noise` must be one of zeros and ones, got "gaussian" (GreedyPixelAttack and GreedyTokenAttack change other values)',
    );
    x.dispose();
  });
});
