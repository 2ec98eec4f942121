import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import {
  type Certificate,
  createKey,
  GaussianNoise,
  OptionError,
  type ScoreCertificate,
  type ScoreCertifyOptions,
  SmoothedScores,
  verifyCertificate,
} from 'catrs';
import { useBackend } from '../../helpers/backends.ts';
import { linearClassifier } from '../../helpers/linear.ts';
import { edits } from '../edits.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const { logits } = linearClassifier([1, -1], 0.4);

beforeAll(() => useBackend('cpu'));

async function certify(options: Partial<ScoreCertifyOptions>): Promise<ScoreCertificate> {
  const x = tf.tensor1d([0.9, 0.1]);
  const scores = new SmoothedScores(logits, { noise, numClasses: 2 });
  const c = await scores.certify(x, {
    key: createKey(2),
    n: 300,
    n0: 30,
    radii: [0.1, 0.4],
    thresholds: 4,
    ...options,
  });
  x.dispose();
  return JSON.parse(JSON.stringify(c)) as ScoreCertificate;
}

/** What nobody can tell from the certificate alone, and what is as true. */
const admitted: Readonly<Partial<Record<keyof ScoreCertificate, (edited: ScoreCertificate) => boolean>>> = {
  key: ({ key }) => key !== null,
  // A part of the classifier.
  score: ({ score }) => score.beta > 0 && score.beta < Infinity,
  // How the thresholds were chosen: given, or more quantiles of which some were equal.
  quantiles: ({ quantiles }) => quantiles === null || quantiles >= 4,
  // More that would have been enough, or less; other looks before it, as many.
  enough: ({ enough = 0 }) => enough > 0 && enough <= 1,
  looks: ({ looks = [], n, nUsed = 0 }) => looks.at(-1) === n && looks.includes(nUsed),
  // A class that was given.
  label: ({ assumptions }) => assumptions.includes('class fixed before the draws'),
  // Gaussian noise leaves as much within an l1 ball.
  norm: ({ norm }) => norm === 'l1' || norm === 'l2',
  // Other scores with the same leader, of as many samples.
  selectionSums: ({ selectionSums: [a = 0, b = 0, ...others], n0 }) =>
    others.every((sum) => sum === 0) && b >= a && Math.abs(a + b - n0) < 1e-6,
};

function passes(edited: ScoreCertificate): boolean {
  try {
    return verifyCertificate(edited, noise, { dimension: 2 }).valid;
  } catch (error) {
    if (error instanceof OptionError) return false;
    throw error;
  }
}

it.each<[string, Partial<ScoreCertifyOptions>]>([
  ['thresholds', {}],
  ['both bounds on both sides', { bound: 'both', side: 'both', n: 40 }],
  ['looks, with an early end', { n: 400, looks: [100, 200, 400], enough: 0.4 }],
  ['looks, without one', { n: 200, looks: [100, 200], enough: 0.99 }],
  ['a margin of a given class', { score: 'margin', class: 0, side: 'upper', thresholds: [-0.5, 0.25], n0: 0 }],
])('a certificate of %s whose fields were edited is found out', async (_, options) => {
  const c = await certify(options);
  expect(verifyCertificate(c, noise, { dimension: 2 }).faults).toEqual([]);
  const wrong: string[] = [];
  const found = new Set<string>();
  const stride = options.bound === 'both' ? 7 : 1;
  for (const { certificate, field, what } of edits(c as unknown as Certificate, stride)) {
    const edited = certificate as unknown as ScoreCertificate;
    if (!passes(edited)) found.add(field);
    else if (admitted[field as keyof ScoreCertificate]?.(edited) !== true) wrong.push(what);
  }
  expect(wrong).toEqual([]);
  // Each field has edits that are found out.
  for (const field of Object.keys(c)) expect(found, field).toContain(field);
});

it('certificates of another noise are refused, and of one without a shift', async () => {
  const c = await certify({});
  expect(() => verifyCertificate(c, new GaussianNoise({ sigma: 0.25 }))).toThrow(OptionError);
  expect(verifyCertificate(c, noise, { dimension: 3 }).faults).toEqual(['dimension is 2, but 3 of the input']);
});
