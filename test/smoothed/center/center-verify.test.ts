import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  CenterSmoothed,
  type CenterCertificate,
  createKey,
  euclidean,
  GaussianNoise,
  OptionError,
  verifyCertificate,
} from 'catrs';
import { thrownBy } from '../../helpers/errors.ts';
import { linearEmbedding, outputAt } from './linear-embedding.ts';

const noise = new GaussianNoise({ sigma: 0.25 });
const g = new CenterSmoothed(linearEmbedding, { noise, distance: euclidean, delta: 0.2, inputRange: [-10, 10] });
const at = [0.5, -1, 2];
const key = createKey(5);
const predict = { n: 300, candidates: 20, check: 250, alpha: 0.05 };

/** Every number, text and truth value in a certificate, by its path. */
function leaves(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, entry]) => leaves(entry, [...path, name]));
}

/** What else could stand in a place. */
function others(value: unknown): unknown[] {
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'string') return [`${value}x`, ''];
  if (value === null) return [0, 1];
  const number = Number(value);
  return [number + 1, number - 1, number * (1 + 1e-9), number * 1.5, number / 2, -number - 1, null, 'text'];
}

function edited(certificate: CenterCertificate, path: readonly string[], value: unknown): CenterCertificate {
  const copy = JSON.parse(JSON.stringify(certificate)) as Record<string, unknown>;
  let part = copy;
  for (const name of path.slice(0, -1)) part = part[name] as Record<string, unknown>;
  part[path.at(-1) ?? ''] = value;
  return copy as unknown as CenterCertificate;
}

/** Whether verifyCertificate says so, by a fault or by an error. */
async function isCaught(certificate: CenterCertificate): Promise<boolean> {
  try {
    return !verifyCertificate(certificate, noise).valid;
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return Promise.resolve(true);
  }
}

describe('a stored certificate of a center', () => {
  const certificates = new Map<string, CenterCertificate>();
  beforeAll(async () => {
    const x = tf.tensor1d(at);
    const common = { key, alpha: 0.01 };
    certificates.set('of a search', await g.certify(x, { ...common, n: 300, radius: [0.125, 0.25], predict }));
    certificates.set('of a given center', await g.certify(x, { ...common, n: 300, radius: 0.1, center: outputAt(at) }));
    const stopAt = 4;
    certificates.set(
      'that stopped',
      await g.certify(x, { ...common, n: 2000, radius: 0.1, stopAt, center: outputAt(at) }),
    );
    const hard = new CenterSmoothed(linearEmbedding, {
      noise,
      distance: euclidean,
      delta: 0.02,
      inputRange: [-10, 10],
    });
    certificates.set(
      'without a center',
      await hard.certify(x, { ...common, n: 300, radius: 0.1, predict: { n: 300, alpha: 0.4 } }),
    );
    x.dispose();
  });

  it.each(['of a search', 'of a given center', 'that stopped', 'without a center'])(
    '%s is caught with any edit',
    async (name) => {
      const certificate = certificates.get(name);
      if (certificate === undefined) throw new Error(name);
      expect(verifyCertificate(certificate, noise).faults).toEqual([]);
      expect(certificate.abstained).toBe(name === 'without a center');
      expect(certificate.nUsed < certificate.n).toBe(name === 'that stopped' || name === 'without a center');
      const missed: string[] = [];
      for (const path of leaves(certificate)) {
        const value = path.reduce<unknown>((part, field) => (part as Record<string, unknown>)[field], certificate);
        for (const other of others(value)) {
          if (other === value || (Number.isNaN(other) as boolean)) continue;
          if (!(await isCaught(edited(certificate, path, other)))) missed.push(`${path.join('.')}: ${String(other)}`);
        }
      }
      expect(missed).toEqual([]);
    },
  );

  it('is caught with a field more, or one less', async () => {
    const certificate = certificates.get('of a search') as CenterCertificate;
    for (const name of Object.keys(certificate)) {
      const rest = Object.fromEntries(Object.entries(certificate).filter(([other]) => other !== name));
      expect(await isCaught(rest as unknown as CenterCertificate), name).toBe(true);
    }
    expect(await isCaught({ ...certificate, more: 1 } as CenterCertificate)).toBe(true);
  });

  it('is held against counts that cannot be, whatever its checksum says', async () => {
    const certificate = certificates.get('that stopped') as CenterCertificate;
    const said = (more: Partial<CenterCertificate>): string =>
      verifyCertificate({ ...certificate, ...more }, noise).faults.join('; ');
    expect(said({ nUsed: 3000 })).toContain('nUsed is 3000, which cannot be with n = 2000');
    expect(said({ nUsed: certificate.nUsed + 1 })).toContain('which cannot be');
    expect(said({ missing: 2001 })).toContain('missing is 2001, but');
    expect(said({ center: null })).toContain('center is null, which does not fit');
    expect(said({ center: [1, 2, 3] })).toContain('center has 3 numbers, but 2 by its shape');
    const searched = certificates.get('of a search') as CenterCertificate;
    const found = (more: object): string => {
      const prediction = { ...searched.prediction, ...more } as CenterCertificate['prediction'];
      const edit: CenterCertificate = { ...searched, prediction };
      return verifyCertificate(edit, noise).faults.join('; ');
    };
    expect(found({ inside: 251 })).toContain('inside is 251 of 250 samples');
    expect(found({ centerIndex: 20 })).toContain('centerIndex is 20 of 20 candidates');
    expect(found({ centerIndex: null })).toContain('must be known together');
    expect(found({ undrawn: { candidates: 21, samples: 0 } })).toContain('more were not drawn than were to be');
    const swapped = searched.bounds.map((bound, k) => ({ ...bound, coveringRadius: 3 - k }));
    const faults = verifyCertificate({ ...searched, bounds: swapped } as CenterCertificate, noise).faults.join('; ');
    expect(faults).toContain('coveringRadius falls where the index rises');
  });

  it('is held against the noise and the dimension that are given', async () => {
    const certificate = certificates.get('of a search') as CenterCertificate;
    const other = await thrownBy(() => verifyCertificate(certificate, new GaussianNoise({ sigma: 0.5 })));
    expect(String(other)).toContain('must be the one that the certificate names');
    expect(verifyCertificate(certificate, noise, { dimension: 4 }).faults).toEqual([
      'dimension is 3, but 4 of the input',
    ]);
  });
});
