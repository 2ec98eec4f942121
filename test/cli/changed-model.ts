import * as tf from '@tensorflow/tfjs';
import { beforeAll } from 'vitest';
import { saveModel } from '../../src/node/save-model.ts';
import { catrs, useTiny } from './run.ts';
import { tinyModel } from './tiny.ts';

/** Words of a command line. */
export type Words = readonly (string | number)[];

/** Votes that the log of the old model keeps of each image. */
export const KEPT = 100;

/** The tiny data with the log `old.tsv` of the tiny model, with votes, and a `changed` model: its boundary is moved a little. */
export function useChanged(): ReturnType<typeof useTiny> & {
  /** A run of the old model that keeps votes. */
  readonly ofOld: (name: string, more?: Words) => Words;
  /** A run of the changed model from a log of the old one. */
  readonly ofNew: (name: string, more?: Words, old?: string) => Words;
} {
  const tiny = useTiny();
  const { path, data, run } = tiny;
  const ofOld = (name: string, more: Words = []): Words => {
    const own = ['--seed', 3, '--keep-votes', KEPT, ...more];
    return ['certify', ...run(own), '--out', path(name)];
  };
  const ofNew = (name: string, more: Words = [], old = 'old.tsv'): Words => {
    const model = ['--model', path('changed'), '--backend', 'cpu', '--from-log', path(old)];
    return ['certify', ...data(), ...model, ...more, '--out', path(name)];
  };
  beforeAll(async () => {
    const model = tinyModel();
    const moved = (weights: tf.Tensor[]): tf.Tensor[] =>
      weights.map((one, i) => (i === 0 ? one : tf.add(one, [0.15, 0])));
    tf.tidy(() => model.setWeights(moved(model.getWeights())));
    await saveModel(model, path('changed'));
    model.dispose();
    await catrs(ofOld('old.tsv'));
  });
  return { ...tiny, ofOld, ofNew };
}
