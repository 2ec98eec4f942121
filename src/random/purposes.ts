import type { Key } from '../types.ts';
import { foldIn, split } from './key.ts';

/**
 * Which key drives what, wherever one key is made into several: the whole map is in docs/guide/randomness.md.
 *
 * What a data set run, or the command, makes of one key or seed must have no key in common with any other: a certificate, and whatever it is
 * compared with, must not see the same noise. Certificates that are stored rest on these derivations, so that those of `certify` and `predict`
 * never change; a new purpose takes a child that no other has.
 */

/** Children of the key of an example, by their number. 0 and 1 are those of its certificate, 5 to 7 those of a center, 8 that of a calibration. */
const CHILD = {
  selection: 0,
  estimation: 1,
  clean: 2,
  attack: 3,
  judge: 4,
  centerCandidates: 5,
  centerSamples: 6,
  centerCheck: 7,
  calibration: 8,
} as const;
const CHILDREN = 9;

/** The key of example `index` of a data set. Its own draws are the votes of `catrs predict` and of soft targets. @internal */
export function exampleKey(key: Key, index: number): Key {
  return foldIn(key, index);
}

/** The keys of a certificate: of its two samples, and of the one number that randomized bounds need. @internal */
export function certificateKeys(key: Key): { readonly selection: Key; readonly estimation: Key; readonly draw: Key } {
  const children = split(key, CHILDREN);
  return {
    selection: children[CHILD.selection],
    estimation: children[CHILD.estimation],
    draw: foldIn(key, 0),
  };
}

/**
 * The keys of a predicted center: of its candidates, of the samples that choose among them and of those that check the ball. A certificate of the same
 * example draws by none of them.
 * @internal
 */
export function centerKeys(key: Key): { readonly candidates: Key; readonly samples: Key; readonly check: Key } {
  const children = split(key, CHILDREN);
  return {
    candidates: children[CHILD.centerCandidates],
    samples: children[CHILD.centerSamples],
    check: children[CHILD.centerCheck],
  };
}

/**
 * The keys of a conformal score, from that of its example: of the noise, and of the uniform numbers that some scores need, number i for draw i. Those of a
 * point of the calibration are others than those of an example whose set is asked for: the guarantee takes the draw of the set to be new.
 * @internal
 */
export function conformalKeys(key: Key, of: 'calibration' | 'set'): { readonly noise: Key; readonly uniforms: Key } {
  const noise = split(key, CHILDREN)[of === 'calibration' ? CHILD.calibration : CHILD.estimation] as Key;
  return { noise, uniforms: foldIn(noise, 0) };
}

/**
 * The keys of an attacked example, from its own: of the attack, of the prediction that judges it and of the one of the clean image. They are
 * others than those of its certificate: noise that a certificate has seen cannot judge it.
 * @internal
 */
export function attackedKeys(key: Key): { readonly attack: Key; readonly judge: Key; readonly clean: Key } {
  const children = split(key, CHILDREN);
  return { attack: children[CHILD.attack], judge: children[CHILD.judge], clean: children[CHILD.clean] };
}

/** What the rows of an attack rest on, as it stands in the record of a log: rows of another derivation do not fit. @internal */
export const ATTACK_DERIVATION: string = `children of foldIn(key, index): attack ${CHILD.attack}, judge ${CHILD.judge}, clean ${CHILD.clean}`;

/** The keys of an attack on images: of the noise, and of the directions that it takes where there is no gradient. @internal */
export function searchKeys(key: Key): { readonly noise: Key; readonly direction: Key } {
  const [noise, direction] = split(key);
  return { noise, direction };
}

/**
 * The keys of a loss that draws more than noise: the second drives its attack, or the numbers that decide K; the third the mixing weights.
 * @internal
 */
export function lossKeys(key: Key): { readonly noise: Key; readonly second: Key; readonly mixing: Key } {
  const [noise, second, mixing] = split(key, 3);
  return { noise, second, mixing };
}

/** The keys of a training run of the command. @internal */
export function trainingKeys(key: Key): {
  readonly init: Key;
  readonly order: Key;
  readonly steps: Key;
  readonly evaluation: Key;
} {
  const [init, order, steps, evaluation] = split(key, 4);
  return { init, order, steps, evaluation };
}

/** The keys of a batch of a training run: of its augmentation and of its loss. @internal */
export function batchKeys(steps: Key, epoch: number, batch: number): { readonly crop: Key; readonly loss: Key } {
  const [crop, loss] = split(foldIn(foldIn(steps, epoch), batch));
  return { crop, loss };
}
