import * as tf from '@tensorflow/tfjs';
import { refusal, TensorError } from '../errors.ts';
import type { AdditiveNoise } from '../noise/types.ts';
import { withDispose } from '../tensors/own-tensor.ts';
import type { Prepared, StepMetrics, TrainingLoss } from './types.ts';

/** Tensors [B], by their names. */
type PerImage<T> = { readonly [Name in keyof T]: tf.Tensor1D };

/** What a forward pass of a loss gives. */
interface Pass<Terms, Numbers> {
  /** Every term as it enters the loss, with its weight: the loss is the mean over the images of their sum. */
  readonly terms: Terms;
  /** What the metrics say besides, as constants of the tape. */
  readonly numbers: Numbers;
}

/** The numbers of a step: of the loss, of its terms, and what the pass says besides. */
type Metrics<Terms, Numbers, N> = StepMetrics<Terms, N> & { readonly [Name in keyof Numbers]: N };

/** What a loss makes of a batch. */
type Step<Tensors, Terms, Numbers> = Tensors &
  Prepared & {
    terms(): Terms;
    metrics(): Promise<Metrics<Terms, Numbers, number>>;
    perImage(): Promise<Metrics<Terms, Numbers, readonly number[]>>;
  };

/** What `value()` keeps of its pass for the metrics. */
interface Kept {
  readonly value: tf.Scalar;
  readonly loss: tf.Tensor;
  readonly terms: Readonly<Record<string, tf.Tensor>>;
  readonly numbers: Readonly<Record<string, tf.Tensor>>;
}

/**
 * A prepared batch: the tensors that `build` makes, and what `pass` computes of them each time that it is asked.
 *
 * `value` keeps the per-image results of its pass, a few numbers for each image, until the next one or `dispose`: the tape does not hold them,
 * and nothing is read back before somebody asks for the metrics.
 * @internal
 */
export function preparedStep<
  Tensors extends tf.TensorContainerObject,
  Terms extends PerImage<Terms>,
  Numbers extends PerImage<Numbers> & { readonly accuracy: tf.Tensor1D },
>(name: string, build: () => Tensors, pass: (batch: Tensors) => Pass<Terms, Numbers>): Step<Tensors, Terms, Numbers> {
  const batch = withDispose(build);
  let kept: Kept | undefined;
  let isDisposed = false;
  const forget = (): void => {
    if (kept) tf.dispose({ ...kept });
    kept = undefined;
  };
  const dispose = (): void => {
    forget();
    isDisposed = true;
    batch.dispose();
  };
  const latest = (call: string): Kept => {
    if (kept) return kept;
    const [got, way] = isDisposed
      ? ['a disposed step', 'dispose it after the metrics are read']
      : ['no call', 'metrics are of the forward pass of value()'];
    throw refusal(
      TensorError,
      { call, field: 'value', value: undefined, got, way },
      'must be called before the metrics',
    );
  };
  const perImage = async (call: string): Promise<Metrics<Terms, Numbers, readonly number[]>> => {
    const { loss, terms, numbers } = latest(call);
    const lists = await Promise.all([listOf(loss), listsOf(numbers), listsOf(terms)]);
    return { loss: lists[0], ...lists[1], terms: lists[2] } as Metrics<Terms, Numbers, readonly number[]>;
  };
  return {
    ...batch,
    value: () => {
      forget();
      return tf.tidy(() => {
        const { terms, numbers } = pass(batch);
        const loss = Object.values<tf.Tensor>(terms).reduce((sum, term) => tf.add(sum, term));
        const value: tf.Scalar = tf.mean(loss);
        kept = { value: keptCopy(value), loss: keptCopy(loss), terms: keptCopies(terms), numbers: keptCopies(numbers) };
        return value;
      });
    },
    terms: () => tf.tidy(() => pass(batch).terms as unknown as tf.TensorContainerObject) as unknown as Terms,
    metrics: async () => {
      const call = `${name}.metrics`;
      const [[loss], { terms, ...numbers }] = await Promise.all([latest(call).value.data(), perImage(call)]);
      return { ...meansOf(numbers), loss, terms: meansOf(terms) } as Metrics<Terms, Numbers, number>;
    },
    perImage: () => perImage(`${name}.perImage`),
    dispose,
    [Symbol.dispose]: dispose,
  } as Step<Tensors, Terms, Numbers>;
}

const keptCopy = <T extends tf.Tensor>(tensor: T): T => tf.keep(tf.clone(tensor));

const keptCopies = (tensors: PerImage<unknown>): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries<tf.Tensor>(tensors).map(([name, tensor]) => [name, keptCopy(tensor)]));

const listOf = async (tensor: tf.Tensor): Promise<readonly number[]> => Array.from(await tensor.data());

async function listsOf(tensors: Readonly<Record<string, tf.Tensor>>): Promise<Record<string, readonly number[]>> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => [name, await listOf(tensor)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

const meansOf = (lists: object): Record<string, number> =>
  Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, meanOf(list as readonly number[])]));

const meanOf = (list: readonly number[]): number => list.reduce((sum, entry) => sum + entry, 0) / list.length;

/**
 * Prepares a step of any loss, with as little work as it can: `loss.prepareAsync` where the loss has one, else `loss.prepare`.
 *
 * The values and gradients are those of `prepare`, up to rounding. The weights must not change before the promise is settled, and the batch may be
 * disposed then.
 *
 * Noise with a scale for each coordinate has every row looked at: one so far from 0 that float32 loses the noise is refused.
 *
 * @throws what `loss.prepare` throws, by the promise; TensorError for such a row
 * @example
 * ```ts
 * using step = await prepareAsync(loss, { x, labels, key });
 * optimizer.minimize(() => step.value(), false, trainableVariables(model));
 * ```
 */
export async function prepareAsync<Batch, P extends Prepared>(loss: TrainingLoss<Batch, P>, batch: Batch): Promise<P> {
  const { noise } = loss as { readonly noise?: AdditiveNoise };
  if (noise?.norms?.[0] === 'scaled') await assertRows(noise, (batch as { readonly x: tf.Tensor }).x);
  return loss.prepareAsync ? loss.prepareAsync(batch) : loss.prepare(batch);
}

/** Throws TensorError for a row that noise with a scale for each coordinate does not take. */
async function assertRows(noise: AdditiveNoise, x: tf.Tensor): Promise<void> {
  const values = await x.data<'float32'>();
  const size = x.size / (x.shape[0] ?? 1);
  for (let at = 0; at < values.length; at += size) {
    noise.assertValues?.('prepareAsync', values.subarray(at, at + size));
  }
}
