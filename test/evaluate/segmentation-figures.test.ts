import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createKey,
  decodeLabels,
  decodeRadii,
  foldIn,
  GaussianNoise,
  outputFigures,
  type OutputRow,
  type SegmentationCertificate,
  segmentationMetrics,
  SmoothedSegmenter,
} from 'catrs';

const noise = new GaussianNoise({ sigma: 0.25 });
const g = new SmoothedSegmenter((x) => tf.clone(x), { noise, numClasses: 2, threshold: 0.5 });
const truth = Array.from({ length: 16 }, (_, i) => (i < 9 ? 0 : 1));

/** Two images of a slope, whose pixels have radii of all sizes. */
async function rowsOf(): Promise<OutputRow<SegmentationCertificate, number[]>[]> {
  const rows: OutputRow<SegmentationCertificate, number[]>[] = [];
  for (const index of [0, 1]) {
    const x = tf.tensor3d(truth.map((_, i) => (i + index / 2) / 15.5), [4, 4, 1]); // prettier-ignore
    const key = foldIn(createKey(7), index);
    const certificate = await g.certify(x, { key, n: 200, alpha: 0.05, radii: 'per component' });
    x.dispose();
    rows.push({ index, target: truth, milliseconds: 1, certificate });
  }
  return rows;
}

describe('figures of masks with a radius for each component', () => {
  beforeAll(async () => void (await tf.setBackend('cpu')));

  it('have a curve over the radii that there are, each point that of the labels that go so far', async () => {
    const rows = await rowsOf();
    const radii = rows.flatMap(({ certificate }) => [...decodeRadii(certificate)]);
    const { figures, curves } = outputFigures(rows);
    expect(figures['mean radius']).toBeCloseTo(radii.reduce((a, b) => a + b, 0) / radii.length, 12);
    expect(figures['least radius']).toBe(Math.min(...radii.filter((radius) => radius > 0)));
    const [share, accuracy, miou] = curves;
    expect(share!.points.length).toBeGreaterThan(5);
    expect(share!.points.length).toBeLessThanOrEqual(24);
    expect(share!.points.at(-1)![0]).toBe(Math.max(...radii));
    for (const [i, [radius, value]] of share!.points.entries()) {
      expect(value).toBe(radii.filter((own) => own >= radius).length / radii.length);
      const metrics = segmentationMetrics(2);
      for (const { certificate } of rows) metrics.add(decodeLabels(certificate, { radius }), truth);
      expect(accuracy!.points[i]).toEqual([radius, metrics.certifiedAccuracy]);
      expect(miou!.points[i]).toEqual([radius, metrics.worstMiou]);
    }
  });
});
