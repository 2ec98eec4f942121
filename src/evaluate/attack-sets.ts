import type { InputAttack } from '../attacks/types.ts';
import { type DatasetRunOptions, selectedIndices, selectField } from '../data/dataset-selection.ts';
import { type LabelledDataset, OwnDataset } from '../data/labelled-dataset.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import { attackedKeys, exampleKey } from '../random/purposes.ts';
import type { RobustSets } from '../smoothed/conformal/robust-sets.ts';
import type { LabelSetCertificate } from '../smoothed/conformal/set-certificate.ts';
import { tensorOfCopy } from '../tensors/own-tensor.ts';
import type { Key, Norm } from '../types.ts';
import { assertImage, attackedImage, distance } from './attacked-image.ts';
import { contextOf } from '../options/call-context.ts';

/** Options of {@link attackSets}. */
export interface AttackSetsOptions extends DatasetRunOptions {
  /** Drives attacks and draws: image i uses the children of `foldIn(key, i)`. The attack is given another child than the set that judges it. */
  readonly key: Key;
  /** Stops the run; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

const attackSetsOptions = optionsOf<AttackSetsOptions>()({
  key: fields.key,
  signal: fields.optional(fields.signal),
  select: selectField,
});

/** One attacked example with its sets: a plain JSON value. */
export interface AttackedSetRow {
  /** Index of the image in its data set. */
  readonly index: number;
  /** The true label. */
  readonly label: number;
  /** The set of the image itself. */
  readonly clean: LabelSetCertificate;
  /** The set of the attacked image. */
  readonly attacked: LabelSetCertificate;
  /** Length of x_adv − x, in input units. */
  readonly distance: number;
  /** The norm of `distance`: that of the radius of the sets. */
  readonly norm: Norm;
}

/**
 * Attacks images to push their true labels out of their sets, and asks for the sets.
 *
 * An attack moves x away from its label; `SmoothedPgd` lowers the mean softmax of it over noises of its own, which raises all scores of catrs. It does not see
 * the draw of the set that judges it, nor could it: with k = `split(foldIn(key, i), 5)` the attack has k[3], the set of the attacked image k[4] and that of the
 * image itself k[2]. The statement of the sets speaks of nothing else: an attacker who knows or reuses the draw is not covered.
 *
 * @param sets - sets of labels; the attack takes their noise and input range
 * @param attack - for example a `SmoothedPgd` with the radius of the sets for `epsilon`
 * @throws OptionError at once for its options; from the iteration also for a label that is no class; DataError, TensorError, ClassifierError for images and
 * attacks, as `attackDataset`; the abort reason of `signal`
 * @example
 * ```ts
 * const attack = new SmoothedPgd({ epsilon: sets.radius, steps: 20, numNoise: 16 });
 * for await (const row of attackSets(sets, attack, testSet, { key })) rows.push(row);
 * setCoverage(rows.map(({ attacked, label }) => ({ labels: attacked.labels, label }))).coverage; // about 1 − alpha or more
 * ```
 */
export function attackSets(
  sets: RobustSets,
  attack: InputAttack,
  dataset: LabelledDataset,
  options: AttackSetsOptions,
): AsyncGenerator<AttackedSetRow, void, undefined> {
  const { call } = contextOf(options, 'attackSets');
  const { key, signal, select } = attackSetsOptions.parse(call, options);
  const own = OwnDataset.of(call, dataset);
  return attackAll(call, { sets, attack, own, key, signal, indices: selectedIndices(own.size, select) });
}

async function* attackAll(
  call: string,
  run: {
    readonly sets: RobustSets;
    readonly attack: InputAttack;
    readonly own: OwnDataset;
    readonly key: Key;
    readonly signal: AbortSignal | undefined;
    readonly indices: Iterable<number>;
  },
): AsyncGenerator<AttackedSetRow, void, undefined> {
  const { sets, attack, own, signal } = run;
  const { shape } = own;
  const { norm, noise } = sets;
  const setOf = async (values: Float32Array, key: Key): Promise<LabelSetCertificate> => {
    const x = tensorOfCopy(values, shape, 'float32');
    try {
      return await sets.predict(x, { key, signal });
    } finally {
      x.dispose();
    }
  };
  for (const index of run.indices) {
    signal?.throwIfAborted();
    const { x, label } = await own.checkedExample(index, { call, numClasses: sets.numClasses ?? undefined });
    assertImage(call, sets, { index, x, field: 'x' });
    const keys = attackedKeys(exampleKey(run.key, index));
    const moved = await attackedImage(call, sets, attack, { index, x, label, shape, key: keys.attack });
    const clean = await setOf(x, keys.clean);
    const attacked = await setOf(moved, keys.judge);
    yield { index, label, clean, attacked, distance: distance(x, moved, { norm, noise, shape }), norm };
  }
}
