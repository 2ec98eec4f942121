import type * as tf from '@tensorflow/tfjs';
import { OptionError, refusal, TensorError } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import type { CallContext } from '../../options/call-context.ts';
import { certificateKeys } from '../../random/purposes.ts';
import type { InputRange, Key } from '../../types.ts';
import { parseCertificate } from '../certificate-fields.ts';
import { grantedSettings } from '../certificates.ts';
import type { CheckedClassifier } from '../checked-classifier.ts';
import { votesInOrder } from '../count-votes.ts';
import { rangeAssumption, rangeIn } from '../range-assumption.ts';
import { assertSameNoise } from '../verify-votes.ts';
import { VoteChanges } from './changed-votes.ts';
import { incrementalCertificate, incrementalRadius, isChosenFromVotes, rootOf } from './incremental-certificate.ts';
import { incrementalForm } from './incremental-form.ts';
import type { RecertifyOptions, recertifyOptions, VoteSource } from './recertify-options.ts';
import type { IncrementalBasis, IncrementalCertificate } from './types.ts';

/** The changed classifier, and what is told of it. */
interface Changed {
  readonly checked: CheckedClassifier<Noise>;
  readonly inputRange: InputRange;
}

const OLD_SAMPLES = 2000;

/** The certificate of a changed classifier; see `SmoothedClassifier.recertify`. @internal */
export async function recertify(
  { checked, inputRange }: Changed,
  x: tf.Tensor,
  context: CallContext,
  settings: ReturnType<typeof recertifyOptions.parse>,
): Promise<IncrementalCertificate> {
  const { call } = context;
  const { noise, voting } = checked;
  const { from, alphaZeta, until, keepVotes, old, batchSize, signal } = settings;
  const { basis, votes } = checkedBasis(call, { ...settings, noise, inputRange, numClasses: voting.numClasses });
  const n = sampleCount(call, settings, votes?.length);
  if (keepVotes > n)
    throw refusal(OptionError, { call, field: 'keepVotes', value: keepVotes }, `must be at most n = ${n}`);
  const root = rootOf(basis);
  return checked.withOwn(context, x, async (own, chosen) => {
    if (own.size !== from.dimension) {
      const got = `${own.size} coordinates`;
      throw refusal(
        TensorError,
        { call, field: 'x', value: x, got },
        `must be the input of \`from\`, of ${from.dimension} coordinates`,
      );
    }
    const key = certificateKeys(root.key as Key).estimation;
    const granted = { inputRange, inferenceForm: chosen.form.inferenceForm };
    const known = { ...granted, basis, noise, alphaZeta, until, n };
    const changes = new VoteChanges(root.cAHat, voting.numClasses);
    const kept: number[] = [];
    if (!basis.abstained) {
      const before = votes ?? (await (old as VoteSource).sampleVotes(own, { key, n, batchSize, signal }));
      const every = until === undefined ? n : settings.checkEvery;
      const request = { call, key, n, every, batchSize, signal, run: context.run };
      for await (const { start, votes: after } of votesInOrder(chosen, noise, own, request)) {
        after.forEach((vote, i) => changes.take(before[start + i] ?? -1, vote));
        kept.push(...after.subarray(0, Math.max(0, keepVotes - start)));
        const used = start + after.length;
        settings.onSamples?.({ index: 0, drawn: used, most: n });
        const isCheck = until !== undefined && (used % every === 0 || used === n);
        if (isCheck && incrementalRadius({ ...known, ...changes.votes }).radius >= until) break;
      }
    }
    const certificate = incrementalCertificate({ ...known, ...changes.votes });
    return keepVotes > 0 && kept.length > 0 ? { ...certificate, votes: kept } : certificate;
  });
}

/** The old certificate without its votes, and the votes; throws unless it can be gone on from. */
function checkedBasis(
  call: string,
  {
    from,
    noise,
    norm,
    key,
    inputRange,
    numClasses,
  }: Pick<RecertifyOptions, 'from' | 'norm' | 'key'> & {
    readonly noise: Noise;
    readonly inputRange: InputRange;
    readonly numClasses: number;
  },
): { readonly basis: IncrementalBasis; readonly votes: readonly number[] | undefined } {
  if ('task' in from) incrementalForm.check(call, from);
  else parseCertificate(call, from);
  assertSameNoise(call, from, noise);
  const { votes, ...basis } = from;
  const root = rootOf(basis as IncrementalBasis);
  const refuse = (field: string, value: unknown, must: string, way?: string): OptionError =>
    refusal(OptionError, { call, field, value, got: JSON.stringify(value), way }, must);
  if (root.smoothing !== 'hard' || root.topK !== 1)
    throw refuse(
      'from',
      root.smoothing === 'hard' ? root.topK : root.smoothing,
      'must be of hard votes and of one class',
    );
  if (root.key !== null && isChosenFromVotes(root)) {
    const way = 'the bound on the losses is for a class that was chosen without these votes';
    throw refuse('from', root.n0, 'must have a class that its selection sample chose', way);
  }
  if (root.key === null) throw refuse('from', null, 'must have a key by which its samples can be drawn again');
  if (norm !== undefined && norm !== from.norm) throw refuse('norm', norm, `must be that of \`from\`, ${from.norm}`);
  if (key !== undefined && String(key) !== String(root.key))
    throw refuse('key', key, `must be that of \`from\`, ${JSON.stringify(root.key)}`);
  const [said, own] = [grantedSettings(from).inputRange, rangeIn(rangeAssumption(inputRange))];
  if (String(said) !== String(own)) {
    const way = `that of this classifier is [${inputRange.join(', ')}]`;
    throw refuse('from', said ?? 'the usual one', 'must be of the same input range', way);
  }
  if (from.counts.length !== numClasses)
    throw refuse('from', from.counts.length, `must have the ${numClasses} classes of this classifier`);
  return { basis: basis as IncrementalBasis, votes };
}

/** How many samples are drawn at most. */
function sampleCount(
  call: string,
  { n, from, old }: Pick<RecertifyOptions, 'n' | 'from' | 'old'>,
  kept: number | undefined,
): number {
  if (old !== undefined) {
    assertSameNoise(call, from, old.noise);
    return n ?? kept ?? OLD_SAMPLES;
  }
  if (kept === undefined && !from.abstained) {
    const way = '`certify` keeps them with `keepVotes`; or give the old classifier as `old`';
    throw refusal(OptionError, { call, field: 'from', value: from, got: 'one without', way }, 'must have its votes');
  }
  // What abstained is not asked about, however few votes it has.
  if (from.abstained) return n ?? (kept || OLD_SAMPLES);
  const most = kept ?? OLD_SAMPLES;
  if (n === undefined || n <= most) return n ?? most;
  const way = 'keep more, or give the old classifier as `old`';
  throw refusal(OptionError, { call, field: 'n', value: n, way }, `must be at most ${most}, the votes of \`from\``);
}
