import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal } from '../../errors.ts';
import { ownData } from '../../host/own-data.ts';
import type { NoiseRecord } from '../../noise/types.ts';
import { withContext } from '../../options/call-context.ts';
import { isOfInferenceForm } from '../form-assumption.ts';
import { assertSameNoise } from '../verify-votes.ts';
import type { OutputRecord, OutputTask } from './types.ts';
import { differences } from './record-differences.ts';
import { kindOfOutput } from './verify-output.ts';

/** What certifies one example for a task that is not one label: what `reproduceCertificate` needs. */
export interface ReproducibleCertifier {
  /** Of what kind of output its certificates speak. */
  readonly task: OutputTask;
  /** The smoothing noise. */
  readonly noise: NoiseRecord;
  /** The certificate of one example, whose options are those of its task. */
  certify(x: tf.Tensor, options: never): Promise<OutputRecord>;
}

/** What `reproduceCertificate` found for another output than one label. */
export interface OutputReproduction<C extends OutputRecord = OutputRecord> {
  /** True if the run gave the same certificate. */
  readonly same: boolean;
  /** What differs, one sentence for each field. */
  readonly differences: readonly string[];
  /** The certificate of the new run. */
  readonly certificate: C;
}

/** What is made anew. */
interface StoredOutput<C> {
  readonly certificate: C;
  readonly run: { readonly batchSize?: number | undefined; readonly signal?: AbortSignal | undefined };
}

/** `reproduceCertificate` for a certificate that is not of one label. @internal */
export async function reproduceOutput<C extends OutputRecord>(
  call: string,
  g: ReproducibleCertifier,
  x: tf.Tensor,
  { certificate, run }: StoredOutput<C>,
): Promise<OutputReproduction<C>> {
  const kind = kindOfOutput(call, certificate);
  kind.parse(call, certificate);
  const stored = ownData(certificate);
  if (g.task !== stored.task) {
    const details = { call, field: 'g', value: g.task, got: `one of ${String(g.task)}` };
    throw refusal(OptionError, details, `must be of the task of the certificate, ${stored.task}`);
  }
  assertSameNoise(call, stored, g.noise);
  if (stored.key === null) {
    const details = { call, field: 'certificate', value: null, got: 'a secret key' };
    throw refusal(OptionError, details, 'must have a key by which its samples can be drawn again');
  }
  if ((stored as { readonly stop?: unknown }).stop === 'stop-at-deadline') {
    const details = { call, field: 'certificate', value: stored, got: 'one that a deadline ended' };
    throw refusal(OptionError, details, 'must be one whose samples do not depend on the time');
  }
  const options = { ...kind.options(stored), ...run };
  // By the models themselves, if they were asked then.
  const context = { inferenceForm: isOfInferenceForm(stored.assumptions) };
  const again = (await g.certify(x, withContext(options, context) as never)) as C; // of the same task
  const others = differences(stored, again);
  return { same: others.length === 0, differences: others, certificate: again };
}
