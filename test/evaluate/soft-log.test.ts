import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import {
  certificationLog,
  certificationLogHeader,
  createKey,
  GaussianNoise,
  parseCertificationLog,
  SoftSmoothedClassifier,
  verifyCertificate,
} from 'catrs';
import { useBackend } from '../helpers/backends.ts';
import { linearClassifier } from '../helpers/linear.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const older = readFileSync(new URL('../fixtures/soft_log.tsv', import.meta.url), 'utf8');

beforeAll(() => useBackend('cpu'));

it('a log of soft certificates from before thresholds reads, verifies, and is written again to the same bytes', () => {
  const rows = parseCertificationLog(older);
  expect(rows.map(({ predicted }) => predicted)).toEqual([1, 0, -1]);
  for (const { certificate } of rows) {
    expect(verifyCertificate(certificate!, noise)).toMatchObject({ valid: true, faults: [] });
    expect(Object.keys(certificate!.scores!)).toEqual(['sum', 'sumOfSquares']);
  }
  expect(certificationLog(rows)).toBe(older);
});

it('certificates by thresholds have the same columns, and read back exactly', async () => {
  const { logits } = linearClassifier([1, -1], 0.4);
  const soft = new SoftSmoothedClassifier(logits, { noise, numClasses: 2, beta: 3 });
  const x = tf.tensor1d([0.9, 0.1]);
  const rows = [];
  for (const [index, thresholds] of [undefined, 3, [0.5, 0.9]].entries()) {
    const certificate = await soft.certify(x, { key: createKey(index), n: 400, bound: 'thresholds', thresholds });
    const { label, radius, abstained } = certificate;
    rows.push({ index, label: 1, predicted: label, radius, correct: true, abstained, milliseconds: 0, certificate });
  }
  const log = certificationLog(rows);
  expect(log.split('\n')[0]).toBe(older.split('\n')[0]);
  expect(certificationLogHeader()).toBe(older.split('\n')[0]);
  const again = parseCertificationLog(log);
  expect(again).toEqual(rows);
  for (const { certificate } of again) expect(verifyCertificate(certificate!, noise).valid).toBe(true);
  x.dispose();
});
