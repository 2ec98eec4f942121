import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  byMargin,
  CatrsError,
  createKey,
  GaussianNoise,
  type LogitsFn,
  type SegmentationCertificate,
  SmoothedSegmenter,
  verifyCertificate,
} from 'catrs';

const noise = new GaussianNoise({ sigma: 0.125 });
const lines: LogitsFn = (x) =>
  tf.tidy(() => tf.concat([tf.zerosLike(x), tf.sub(x, 0.25), tf.sub(tf.mul(x, 2), 0.875)], -1));

type Json = Readonly<Record<string, unknown>>;

/** Another number near it, and others that differ more. */
const others = (value: number): number[] => [
  value + 1,
  value - 1,
  value * (1 + 1e-9),
  value * 2,
  value / 2,
  -value - 1,
  0.3,
];

/** One value of JSON in many other ways: each number, text and truth value in it, entries left out, doubled and swapped. */
function edits(value: unknown): unknown[] {
  if (typeof value === 'number') return [...others(value), null, 'text'];
  if (typeof value === 'string') {
    const words = ['holm', 'bonferroni', 'k-fwer', 'binomial', 'beta-mixture', 'all-drawn', 'stalled', 'share-reached'];
    return [...words, 'nothing-to-test', 'per component', 'l1', 'linf', 'unit', 'votes', `${value} `, 0];
  }
  if (value === null) return [1, 0.5, 'text'];
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const each = list.flatMap((entry, i) => edits(entry).map((other) => list.with(i, other)));
    const swapped = list.length > 1 ? [[list[1], list[0], ...list.slice(2)], list.toReversed()] : [];
    return [...each, ...swapped, list.slice(1), list.slice(0, -1), [...list, list.at(-1)], [], null];
  }
  const record = value as Json;
  const each = Object.keys(record).flatMap((name) => [
    ...edits(record[name]).map((other) => ({ ...record, [name]: other })),
    Object.fromEntries(Object.entries(record).filter(([other]) => other !== name)),
  ]);
  return [...each, { ...record, more: 1 }, null];
}

const isValid = (certificate: SegmentationCertificate): boolean => verifyCertificate(certificate, noise).valid;

const run = (options: object, image = 24): Promise<SegmentationCertificate> => {
  const g = new SmoothedSegmenter(lines, { noise, numClasses: 3 });
  const x = tf.tensor3d(
    Array.from({ length: image }, (_, i) => ((31 * i) % 256) / 255),
    [image / 4, 4, 1],
  );
  return g
    .certify(x, { key: createKey(2), n0: 8, n: 100, tau: 0.7, alpha: 0.02, ...options })
    .finally(() => x.dispose());
};

describe.each([
  { name: 'Holm', options: {} },
  { name: 'Bonferroni', options: { correction: 'bonferroni' } },
  { name: 'k-fwer', options: { correction: 'k-fwer', allowedErrors: 2 } },
  { name: 'early stops', options: { n: 4000, stop: { share: 0.5, stalled: 4 } } },
  { name: 'groups', options: { levels: byMargin([[0, 1, 1]], [0.4]) } },
  { name: 'nothing certified', options: { tau: 0.93, n: 110 } },
  { name: 'radii of components', options: { radii: 'per component', tau: undefined }, image: 12 },
  {
    name: 'radii and errors',
    options: { tau: undefined, radii: 'per component', correction: 'k-fwer', allowedErrors: 2 },
    image: 8,
  },
])('a certificate with $name', ({ options, image = 24 }: { options: object; image?: number }) => {
  let certificate: SegmentationCertificate;
  beforeAll(async () => {
    await tf.setBackend('cpu');
    certificate = JSON.parse(JSON.stringify(await run(options, image))) as SegmentationCertificate;
  });

  it('follows from its own counts', () => {
    expect(verifyCertificate(certificate, noise)).toEqual({ valid: true, faults: [], radius: certificate.radius });
  });

  it('is refused with any field changed', () => {
    const record = certificate as unknown as Json;
    const passed: string[] = [];
    let tried = 0;
    for (const name of [...Object.keys(record), 'extra']) {
      const left = Object.fromEntries(Object.entries(record).filter(([other]) => other !== name));
      const all =
        name === 'extra'
          ? [{ ...record, extra: 1 }]
          : [...edits(record[name]).map((other) => ({ ...record, [name]: other })), left];
      for (const edited of all) {
        if (JSON.stringify(edited) === JSON.stringify(record)) continue;
        tried++;
        try {
          if (verifyCertificate(edited as unknown as SegmentationCertificate, noise).valid) {
            passed.push(`${name}: ${JSON.stringify(edited[name])}`);
          }
        } catch (error) {
          if (!(error instanceof CatrsError)) throw error;
        }
      }
    }
    expect(passed).toEqual([]);
    expect(tried).toBeGreaterThan(500);
  });
});

describe('verifyCertificate of segmentations', () => {
  it('sees an early stop that is not where it stops, and another number of coordinates that it is told', async () => {
    const c = await run({ n: 4000, stop: { stalled: 4 } });
    expect(isValid({ ...c, stopAt: { stalled: 3 } })).toBe(false);
    expect(isValid({ ...c, stopAt: { share: 1 } })).toBe(false);
    expect(isValid({ ...c, checkEvery: 24 })).toBe(false);
    expect(isValid({ ...c, n: c.nUsed - 1 })).toBe(false);
    expect(verifyCertificate(c, noise, { dimension: 25 }).valid).toBe(false);
    expect(verifyCertificate(c, noise, { dimension: 24 }).valid).toBe(true);
  });

  it('refuses the noise of another run', async () => {
    const c = await run({});
    expect(() => verifyCertificate(c, new GaussianNoise({ sigma: 0.25 }))).toThrow(
      'must be the one that the certificate names',
    );
  });
});
