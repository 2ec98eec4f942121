import { arrayDataset } from '../../src/data/array-dataset.ts';
import type { LabelledDataset } from '../../src/data/labelled-dataset.ts';
import { GaussianNoise } from '../../src/noise/gaussian-noise.ts';
import { createKey } from '../../src/random/key.ts';
import { SmoothedClassifier } from '../../src/smoothed/smoothed-classifier.ts';
import { linearClassifier } from '../helpers/linear.ts';

export const key = createKey(4);
export const noise = new GaussianNoise({ sigma: 0.25 });

/** A smoothed linear classifier of two coordinates. */
export const g = new SmoothedClassifier(linearClassifier([1, -1], 0).logits, { noise, numClasses: 2 });

/** Twelve points across its plane, the last with a wrong label. */
const values = Float32Array.from({ length: 24 }, (_, i) => (i % 2 ? 0.5 : (i / 2) * 0.09));
export const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0];
export const dataset: LabelledDataset = arrayDataset({ values, shape: [2], labels });

export const settings = { key, n0: 20, n: 300, alpha: 0.01, checkEvery: 50 };
