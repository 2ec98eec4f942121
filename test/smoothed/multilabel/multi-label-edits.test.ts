import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import {
  type Certificate,
  createKey,
  GaussianNoise,
  type MultiLabelCertificate,
  type MultiLabelCertifyOptions,
  OptionError,
  SmoothedMultiLabel,
  type SmoothedMultiLabelOptions,
  verifyCertificate,
} from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { edits } from '../edits.ts';

const noise = new GaussianNoise({ sigma: 0.5 });

beforeAll(() => useBackend('cpu'));

async function certify(
  sets: Pick<SmoothedMultiLabelOptions, 'labelsPerPass' | 'threshold'>,
  options: Partial<MultiLabelCertifyOptions>,
): Promise<MultiLabelCertificate> {
  const x = tf.tensor1d([0.9, 0.1]);
  const model = (copies: tf.Tensor): tf.Tensor =>
    tf.tidy(() =>
      tf.matMul(
        tf.reshape(copies, [-1, 2]),
        tf.tensor2d([
          [1, -1, 0.5, 0],
          [0, 1, 0.5, -1],
        ]),
      ),
    );
  const g = new SmoothedMultiLabel(model, { noise, numLabels: 4, ...sets });
  const c = await g.certify(x, { key: createKey(2), n: 300, n0: 30, k: 2, ...options });
  x.dispose();
  return JSON.parse(JSON.stringify(c)) as MultiLabelCertificate;
}

const isGiven = ({ assumptions }: MultiLabelCertificate): boolean =>
  assumptions.includes('targets fixed before the draws');

/** What nobody can tell from the certificate alone, and what is as true. */
const admitted: Readonly<
  Partial<Record<keyof MultiLabelCertificate, (edited: MultiLabelCertificate, c: MultiLabelCertificate) => boolean>>
> = {
  key: ({ key }) => key !== null,
  // Gaussian noise leaves as much within an l1 ball.
  norm: ({ norm }) => norm === 'l1' || norm === 'l2',
  // Thresholds are a part of the model.
  sets: ({ sets }) => 'threshold' in sets,
  // Other counts from which the same bounds follow, and the same targets.
  counts: ({ counts, n, targets }) =>
    counts.length === 4 &&
    targets.every(({ label, count }) => counts[label] === count && counts.every((one) => one <= n)),
  countsSelection: ({ countsSelection, n0 }) =>
    countsSelection.length === 4 && countsSelection.every((one) => one <= n0),
  n0: (edited, c) => 'threshold' in edited.sets && edited.n0 >= Math.max(...c.countsSelection),
  // With targets that were given, those left out are claims less.
  targets: (edited) => isGiven(edited) && edited.targets.length === 2,
};

function passes(edited: MultiLabelCertificate): boolean {
  try {
    return verifyCertificate(edited, noise, { dimension: 2 }).valid;
  } catch (error) {
    if (error instanceof OptionError) return false;
    throw error;
  }
}

it.each<[string, Parameters<typeof certify>[0], Partial<MultiLabelCertifyOptions>]>([
  ['labels per pass', { labelsPerPass: 2 }, {}],
  ['a threshold and given targets', { threshold: 0.2 }, { targets: [2, 0], n0: 0 }],
  ['thresholds', { threshold: [0.2, 0.1, 0.2, 0] }, {}],
])('a certificate of %s whose fields were edited is found out', async (_, sets, options) => {
  const c = await certify(sets, options);
  expect(verifyCertificate(c, noise, { dimension: 2 }).faults).toEqual([]);
  const wrong: string[] = [];
  const found = new Set<string>();
  for (const { certificate, field, what } of edits(c as unknown as Certificate)) {
    const edited = certificate as unknown as MultiLabelCertificate;
    if (!passes(edited)) found.add(field);
    else if (admitted[field as keyof MultiLabelCertificate]?.(edited, c) !== true) wrong.push(what);
  }
  expect(wrong).toEqual([]);
  // Each field has edits that are found out.
  for (const field of Object.keys(c)) expect(found, field).toContain(field);
});
