import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TypedClassifier } from '../../src/classifier/types.ts';
import { OptionError } from '../../src/errors.ts';
import { BandAblation, type PatchSize } from '../../src/noise/band-ablation.ts';
import type { BandKind } from '../../src/noise/band-geometry.ts';
import { certifyPatches } from '../../src/smoothed/certify-patches.ts';
import { DerandomizedClassifier } from '../../src/smoothed/derandomized-classifier.ts';
import { verifyCertificate } from '../../src/smoothed/verify-certificate.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { goldenFamily } from '../noise/golden-family.ts';

interface Row {
  readonly note: string;
  readonly height: number;
  readonly width: number;
  readonly kind: BandKind;
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly wrap: boolean;
  readonly numClasses: number;
  readonly votes: readonly (readonly number[])[];
  readonly patches: readonly PatchSize[];
  readonly counts: readonly number[];
  readonly label: number;
  readonly delta: number;
  readonly margin: number;
  readonly certified: boolean;
  readonly largestSquare: number;
}

const { certificates } = goldenFamily<{ readonly certificates: readonly Row[] }>('discrete-patch');

beforeAll(() => useBackend('cpu'));

/** Probabilities by which each copy votes for the classes of its list; it knows a copy by what the copy shows. */
function scripted(noise: BandAblation, votes: Row['votes'], numClasses: number): TypedClassifier {
  const rowsOf = (kept: Uint8Array, size: number): string[] =>
    Array.from({ length: kept.length / size }, (_, row) => kept.subarray(row * size, (row + 1) * size).join(''));
  const pixels = noise.inputShape[0]! * noise.inputShape[1]!;
  const copies = rowsOf(noise.keptPositions({ start: 0, count: noise.copies }), pixels);
  expect(new Set(copies).size).toBe(noise.copies);
  return {
    classify: (_inputs, { batch, kept }) => {
      const out = new Float32Array(batch * numClasses);
      rowsOf(kept ?? new Uint8Array(), pixels).forEach((shown, row) => {
        const classes = votes[copies.indexOf(shown)]!;
        const share = 1 / (classes.length || numClasses);
        for (let c = 0; c < numClasses; c++)
          out[row * numClasses + c] = classes.length === 0 || classes.includes(c) ? share : 0;
      });
      return out;
    },
  };
}

describe('golden certificates, voted by a classifier', () => {
  it.each(certificates)('$note, $counts', async (row) => {
    const { height, width, kind: keep, size, stride, wrap, votes, numClasses, patches } = row;
    const noise = new BandAblation({ inputShape: [height, width, 1], keep, size, stride, wrap });
    const threshold = votes.some((classes) => classes.length > 2) ? 0.3 : 0.4; // a copy of three equal classes: all, or none
    const isOneEach = votes.every((classes) => classes.length === 1);
    const g = new DerandomizedClassifier(scripted(noise, votes, numClasses), {
      noise,
      numClasses,
      output: 'probabilities',
      votes: isOneEach ? 'argmax' : { threshold },
    });
    const x = tf.fill([height, width, 1], 0.5);
    const certificate = await g.certify(x);
    x.dispose();
    expect(certificate).toMatchObject({
      label: row.label,
      cAHat: row.label,
      abstained: false,
      reason: 'certified',
      radius: row.largestSquare,
      norm: 'patch',
      counts: row.counts,
      key: null,
      alpha: 0,
      rule: { name: 'enumeration', parameters: isOneEach ? {} : { threshold } },
    });
    expect(verifyCertificate(certificate, noise).faults).toEqual([]);
    expect(verifyCertificate({ ...certificate, radius: row.largestSquare + 1 }, noise).valid).toBe(false);

    const least = 2 * row.delta + (row.label === 0 ? 0 : 1);
    const found = () => certifyPatches(certificate, noise, { patches });
    if (noise.copies >= least)
      expect(found()).toEqual({ certified: row.certified, margin: row.margin, hits: row.delta });
    else {
      expect(row.certified).toBe(false);
      await expectError(
        found,
        OptionError,
        `certifyPatches: \`patches\` must meet so few copies that class ${row.label} can lead by ${least} votes, got patches that ` +
          `meet ${row.delta} of ${noise.copies} copies (no votes can certify them: take smaller patches, or smaller bands)`,
      );
    }
  });
});

describe('certificates of patches', () => {
  const noise = new BandAblation({ inputShape: [6, 12, 1], keep: 'columns', size: 2 });
  const votesOf = (...counts: number[]): number[][] =>
    counts.flatMap((count, c) => new Array<number[]>(count).fill([c]));
  const certified = async (votes: Row['votes'], threshold?: number) => {
    const classifier = scripted(noise, votes, 3);
    const g = new DerandomizedClassifier(classifier, {
      noise,
      numClasses: 3,
      output: 'probabilities',
      votes: threshold === undefined ? 'argmax' : { threshold },
    });
    const x = tf.fill([6, 12, 1], 0.5);
    try {
      return await g.certify(x);
    } finally {
      x.dispose();
    }
  };

  it('say the same of the square of their radius, and not of the next', async () => {
    for (const votes of [votesOf(12, 0, 0), votesOf(0, 11, 1), votesOf(2, 1, 9), votesOf(5, 5, 2)]) {
      const certificate = await certified(votes);
      const side = certificate.radius;
      if (side > 0) expect(certifyPatches(certificate, noise, { patches: [[side, side]] }).certified).toBe(true);
      if (side < 4) {
        const next = certifyPatches(certificate, noise, { patches: [[side + 1, side + 1]] });
        expect(next.certified).toBe(false);
      }
    }
  });

  it('of columns do not look at the height, and add up over patches', async () => {
    const certificate = await certified(votesOf(10, 1, 1));
    const margin = (patches: PatchSize[]): number => certifyPatches(certificate, noise, { patches }).margin;
    for (let w = 1; w <= 5; w++) expect(margin([[6, w]])).toBe(margin([[1, w]]));
    expect(margin([[1, 1], [2, 1]])).toBe(10 - 1 - 2 * (2 + 2)); // prettier-ignore
  });

  it('are refused by verifyCertificate with counts above the copies, of another band, and with another radius', async () => {
    for (const certificate of [await certified(votesOf(12, 0, 0)), await certified(votesOf(12, 0, 0), 0.4)]) {
      expect(verifyCertificate(certificate, noise).valid).toBe(true);
      const faults = (change: object): readonly string[] =>
        verifyCertificate({ ...certificate, ...change }, noise).faults;
      expect(faults({ counts: [13, 0, 0], nA: 13 })).not.toEqual([]);
      expect(faults({ radius: certificate.radius + 1 })).not.toEqual([]);
      expect(faults({ radius: certificate.radius - 0.5 })).not.toEqual([]);
      expect(faults({ label: 1 })).not.toEqual([]);
      const other = new BandAblation({ inputShape: [6, 12, 1], keep: 'columns', size: 3 });
      await expectError(
        () => verifyCertificate(certificate, other),
        OptionError,
        'verifyCertificate: `noise` must be the one that the certificate names, band-ablation ' +
          '{"inputShape":[6,12,1],"keep":"columns","size":2,"stride":1,"wrap":true,"encoding":"double"}, got band-ablation ' +
          '{"inputShape":[6,12,1],"keep":"columns","size":3,"stride":1,"wrap":true,"encoding":"double"}',
      );
    }
  });

  it('votes that do not add up to the copies need a threshold', async () => {
    const certificate = await certified(votesOf(12, 0, 0));
    expect(verifyCertificate({ ...certificate, counts: [12, 3, 0] }, noise).faults).toEqual([
      'counts sum to 15, but there are 12 copies',
    ]);
    const withThreshold = await certified([...votesOf(6, 0, 0), ...new Array<number[]>(6).fill([0, 2])], 0.4);
    expect(withThreshold.counts).toEqual([12, 0, 6]);
    expect(verifyCertificate(withThreshold, noise).faults).toEqual([]);
    expect(withThreshold).toMatchObject({ pABar: 1, qABar: 0, nA: 12, failures: 0 });
  });

  it.each([
    [{ patches: [] }, '`patches` must be a list of at least one patch [height, width], got []'],
    [{ patches: undefined }, '`patches` must be a list of at least one patch [height, width], got undefined'],
    [
      {
        patches: [
          [1, 1],
          [7, 1],
        ],
      },
      '`patches.1` must be [height, width], integers from 1 to 6 and from 1 to 12, got [7, 1]',
    ],
    [{ patches: [[1, 0]] }, '`patches.0` must be [height, width], integers from 1 to 6 and from 1 to 12, got [1, 0]'],
    [{ patches: [[1, 1]], patch: [1, 1] }, 'unknown option `patch`; known options: `patches`'],
  ])('refuse %o', async (options, text) => {
    const certificate = await certified(votesOf(12, 0, 0));
    await expectError(
      () => certifyPatches(certificate, noise, options as never),
      OptionError,
      `certifyPatches: ${text}`,
    );
  });

  it('refuse another noise, and what is none', async () => {
    const certificate = await certified(votesOf(12, 0, 0));
    const other = new BandAblation({ inputShape: [6, 12, 1], keep: 'columns', size: 2, wrap: false });
    await expectError(
      () => certifyPatches(certificate, other, { patches: [[1, 1]] }),
      OptionError,
      'certifyPatches: `noise` must be the one that the certificate names, band-ablation ' +
        '{"inputShape":[6,12,1],"keep":"columns","size":2,"stride":1,"wrap":true,"encoding":"double"}, got band-ablation ' +
        '{"inputShape":[6,12,1],"keep":"columns","size":2,"stride":1,"wrap":false,"encoding":"double"}',
    );
    await expectError(
      () => certifyPatches(certificate, {} as never, { patches: [[1, 1]] }),
      OptionError,
      'certifyPatches: `noise` must be a BandAblation, got an object (Object)',
    );
    await expectError(
      () => certifyPatches({ ...certificate, counts: [13, 0, 0] }, noise, { patches: [[1, 1]] }),
      OptionError,
      'certifyPatches: `certificate.counts` must be votes of at least two classes, none above the 12 copies, got [13, 0, 0]',
    );
  });
});
