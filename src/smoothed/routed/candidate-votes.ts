import type * as tf from '@tensorflow/tfjs';
import { type CallContext, withContext } from '../../options/call-context.ts';
import { certificateKeys } from '../../random/purposes.ts';
import type { Key, Norm } from '../../types.ts';
import { noiseAssumptions, noiseRecord } from '../certificates.ts';
import type { SmoothedClassifier } from '../smoothed-classifier.ts';
import { candidateRadius, candidatesOf } from './agreed-certificate.ts';
import type { CandidateVotes } from './agreed-types.ts';

/** What the samples of a router are drawn by. @internal */
export interface CandidateRun {
  /** Drives the router: the first half-key its selection sample, the second its estimation sample. */
  readonly key: Key;
  readonly n0: number;
  readonly routerN: number;
  readonly alpha: number;
  readonly norm: Norm;
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The m candidates, by the selection sample of a router. @internal */
export async function selectCandidates(
  router: SmoothedClassifier,
  x: tf.Tensor,
  { key, n0, routerN: n, batchSize, signal, m }: CandidateRun & { readonly m: number },
  context: CallContext,
): Promise<CandidateVotes> {
  let inferenceForm = false;
  const onForm = (isForm: boolean): void => void (inferenceForm = isForm);
  const sample = { batchSize, signal, key: certificateKeys(key).selection, n: n0 };
  const selection = await router.sampleCounts(x, withContext(sample, { ...context, onForm }));
  const { noise, inputRange } = router;
  const granted = { noise: noiseRecord(noise), assumptions: noiseAssumptions(noise, { inputRange, inferenceForm }) };
  return { ...granted, selection, candidates: candidatesOf(selection, m), n, counts: null, radius: null };
}

/** With the estimation sample of the router: how far its choice is one of the candidates. @internal */
export async function proveCandidates(
  router: SmoothedClassifier,
  x: tf.Tensor,
  votes: CandidateVotes,
  { key, batchSize, signal, alpha, norm, context }: CandidateRun & { readonly context: CallContext },
): Promise<CandidateVotes> {
  const { candidates, n } = votes;
  const sample = { batchSize, signal, key: certificateKeys(key).estimation, n };
  const counts = await router.sampleCounts(x, withContext(sample, context));
  const { noise } = router;
  const radius = candidateRadius({ counts, candidates, n, alpha, noise, norm, dimension: x.size });
  return { ...votes, counts, radius };
}
