import * as tf from '@tensorflow/tfjs';
import { ClassifierError, refusal } from '../../errors.ts';
import { readBack } from '../../tensors/backend-failure.ts';
import { hasKernel, NORMALS_KERNEL } from '../../tensors/device-kernels.ts';
import { tensorOver } from '../../tensors/own-tensor.ts';
import { copiesIn } from '../noisy-copies.ts';
import type { PieceReader } from '../piece-reader.ts';
import { type RowSource, rowsReader } from '../read-rows.ts';
import { maskLabels, softmaxSums } from './device-masks.ts';
import type { MaskLayout } from './mask-layout.ts';
import {
  type ChosenClasses,
  forEachPiece,
  type MaskAsk,
  type MaskPiece,
  type MaskRange,
  piecesOfRows,
  votersOf,
} from './mask-pieces.ts';
import { classesInMemory, classesOfValues } from './row-classes.ts';

/** A segmenter as its masks are counted. @internal */
export interface MaskSource extends RowSource {
  readonly layout: MaskLayout;
}

/** Batches that a device counts meanwhile. */
const MOST_ON_DEVICE = 4;

/**
 * Counts where the logits are: the class of each component is the arg max (the lowest index among equals), compared with the class that was chosen and summed over
 * the copies. Of logits only those of a few rows are ever read back, to see whether rows depend on their batch.
 *
 * The sum of all logits tells whether one is NaN or infinite; where it is, the batch is drawn again and read, so that the error can say what it is.
 * @internal
 */
export function maskCounter(source: MaskSource, call: string, run: object): PieceReader<MaskPiece, MaskAsk> {
  const { layout } = source;
  const reader = rowsReader(source, call, run);
  const onHost = async (ranges: readonly MaskRange[]): Promise<readonly MaskPiece[]> => {
    const { values, failed } = await reader.rows(ranges);
    return piecesOfRows(layout, classesOfValues(call, layout, values), { ranges, failed });
  };
  const { reduced } = reader;
  const onDevice =
    reduced &&
    (async (ranges: readonly MaskRange[]): Promise<readonly MaskPiece[]> => {
      let rows: ReadonlySet<number> = new Set();
      let pieces: readonly MaskPiece[] | undefined;
      const tensors = await reduced(ranges, (output, failed) => {
        if (output.dtype !== 'float32') throw noFloats(call, output.dtype);
        rows = failed;
        // Loops over the memory of WebAssembly take a part of the time of its operations.
        const inMemory = classesInMemory(call, layout, output);
        if (inMemory) pieces = piecesOfRows(layout, inMemory, { ranges, failed });
        return inMemory ? nothing() : talliesOf(layout, output, ranges, failed);
      });
      try {
        if (pieces) {
          reader.unchanged();
          return pieces;
        }
        const pass = { call, shape: [copiesIn(ranges)] };
        const [total] = await readBack(pass, () => tensors.total.data<'float32'>());
        if (!Number.isFinite(total)) return await onHost(ranges);
        const counted = await readBack(pass, () => tensors.counts.data<'int32'>());
        const softmax = hasSoftmax(ranges) ? await readBack(pass, () => tensors.softmax.data<'float32'>()) : undefined;
        reader.unchanged();
        return cutPieces(layout, ranges, { counted, softmax, failed: rows });
      } finally {
        tf.dispose(tensors);
      }
    });
  return {
    read: (ranges) => {
      const reading = onDevice ? onDevice(ranges) : onHost(ranges);
      reading.catch(() => undefined);
      return reading;
    },
    mostAtOnce: () => (onDevice && reader.isJudged(1) && hasKernel(NORMALS_KERNEL) ? MOST_ON_DEVICE : 1),
  };
}

/** Tensors that stay of a batch. */
interface Tallies extends tf.TensorContainerObject {
  /** Labels or hits of all pieces, one after the other. */
  readonly counts: tf.Tensor;
  /** Sums of softmax values of the pieces that want them. */
  readonly softmax: tf.Tensor;
  /** Sum of all logits: finite only if all of them are. */
  readonly total: tf.Tensor;
}

/** No tallies, where all is counted already. */
function nothing(): Tallies {
  return { counts: tf.zeros([], 'int32'), softmax: tf.zeros([]), total: tf.zeros([]) };
}

/** Starts the counting of all pieces. */
function talliesOf(
  layout: MaskLayout,
  output: tf.Tensor,
  ranges: readonly MaskRange[],
  failed: ReadonlySet<number>,
): Tallies {
  const labels = maskLabels(layout, output);
  const counts: tf.Tensor[] = [];
  const sums: tf.Tensor[] = [];
  forEachPiece(ranges, ({ begin, drawn, ask }) => {
    const part = drawn === labels.shape[0] ? labels : tf.slice(labels, begin, drawn);
    const voters = votersOf(begin, drawn, failed);
    if (ask.kind === 'hits') return void counts.push(hitsOf(part, ask.chosen, voters));
    counts.push(tf.reshape(part, [part.size]));
    if (ask.softmax) sums.push(softmaxSums(layout, tf.slice(output, begin, drawn), voters));
  });
  return {
    counts: joined(counts),
    softmax: sums.length > 0 ? joined(sums) : tf.zeros([]),
    total: tf.sum(output),
  };
}

/**
 * How many copies hit, for each component: 0 and 1 are summed as integers by TensorFlow's own library, elsewhere by a product of matrices, which is exact below
 * 2²⁴ copies and leaves out those that could not be drawn.
 */
function hitsOf(labels: tf.Tensor2D, { low, ranges }: ChosenClasses, voters: Float32Array): tf.Tensor {
  const row = (places: Int32Array): tf.Tensor => tensorOver(places, [1, places.length], 'int32');
  const isHit =
    ranges === undefined
      ? tf.equal(labels, row(low))
      : tf.tidy(() => {
          const places = tf.gather(tensorOver(ranges.order, [ranges.order.length], 'int32'), labels);
          return tf.logicalAnd(tf.greaterEqual(places, row(low)), tf.lessEqual(places, row(ranges.high)));
        });
  if (tf.getBackend() === 'tensorflow' && !voters.includes(0)) return tf.sum(tf.cast(isHit, 'int32'), 0);
  const ones = tensorOver(voters, [1, voters.length], 'float32') as tf.Tensor2D;
  const hits = tf.matMul(ones, tf.cast(isHit, 'float32') as tf.Tensor2D);
  return tf.cast(tf.reshape(hits, [low.length]), 'int32');
}

const hasSoftmax = (ranges: readonly MaskRange[]): boolean =>
  ranges.some(({ ask }) => ask.kind === 'labels' && ask.softmax);

function joined(parts: readonly tf.Tensor[]): tf.Tensor {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return tf.clone(first);
  return tf.concat([...parts]);
}

/** The pieces of what the device counted. */
function cutPieces(
  { shape, components, channels }: MaskLayout,
  ranges: readonly MaskRange[],
  {
    counted,
    softmax,
    failed,
  }: {
    readonly counted: Int32Array;
    readonly softmax: Float32Array | undefined;
    readonly failed: ReadonlySet<number>;
  },
): readonly MaskPiece[] {
  const pieces: MaskPiece[] = [];
  let [place, sums] = [0, 0];
  const next = (rows: number): Int32Array => counted.subarray(place, (place += rows * components));
  forEachPiece(ranges, ({ begin, drawn, ask }) => {
    const voters = votersOf(begin, drawn, failed);
    const missing = voters.reduce((count, voter) => count + 1 - voter, 0);
    if (ask.kind === 'hits') return void pieces.push({ drawn, shape, failed: missing, hits: next(1) });
    const all = next(drawn);
    const labels = missing === 0 ? all : all.filter((_, i) => voters[Math.floor(i / components)] === 1);
    const size = ask.softmax ? components * channels : 0;
    const sum = ask.softmax ? softmax?.subarray(sums, (sums += size)) : undefined;
    pieces.push({ drawn, shape, failed: missing, labels, softmax: sum });
  });
  return pieces;
}

function noFloats(call: string, dtype: string): ClassifierError {
  const way = 'it must return logits, no classes';
  return refusal(ClassifierError, { call, field: 'model', value: dtype, way }, 'must return float32');
}
