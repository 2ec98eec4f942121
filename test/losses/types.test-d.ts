// What the metrics of a method have, and what they do not have, by type.
import type { ConfidenceAwareLoss } from '../../src/losses/confidence-aware-loss.ts';
import type { GaussianLoss } from '../../src/losses/gaussian-loss.ts';
import type { SmoothMixLoss } from '../../src/losses/smooth-mix-loss.ts';
import type { Prepared, TrainingBatch, TrainingLoss } from '../../src/losses/types.ts';

export async function metricsOf(
  catRs: ConfidenceAwareLoss,
  gaussian: GaussianLoss,
  smoothMix: SmoothMixLoss,
  batch: TrainingBatch,
): Promise<number[]> {
  const aware = await catRs.prepare(batch).metrics();
  const plain = await gaussian.prepare(batch).metrics();
  const mixed = await smoothMix.prepare(batch).metrics();
  const each: readonly number[] = (await catRs.prepare(batch).perImage()).k;
  // @ts-expect-error: Gaussian training has no K
  const none: unknown = plain.k;
  // @ts-expect-error: SmoothMix has no confidence
  const noConfidence: unknown = mixed.pHat;
  // @ts-expect-error: Gaussian training has one term
  const noTerm: unknown = plain.terms.high;
  console.assert(none === noConfidence && noTerm === undefined);
  return [
    aware.pHat,
    aware.mask,
    aware.terms.low,
    plain.loss,
    plain.accuracy,
    plain.terms.crossEntropy,
    mixed.mask,
    ...each,
  ];
}

// A loss of one's own needs no metrics; every loss of catrs is one.
export const asAny = (loss: ConfidenceAwareLoss): TrainingLoss => loss;
export const own = (step: Omit<Prepared, 'dispose'> & { dispose(): void }): TrainingLoss => ({ prepare: () => step });
