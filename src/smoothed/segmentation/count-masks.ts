import * as tf from '@tensorflow/tfjs';
import { assertFiniteLogits } from '../../classifier/check-logits.ts';
import { ClassifierError, refusal } from '../../errors.ts';
import { hasKernel, NORMALS_KERNEL } from '../../tensors/device-kernels.ts';
import { readBack } from '../../tensors/backend-failure.ts';
import { tensorOver, valuesInMemory } from '../../tensors/own-tensor.ts';
import { copiesIn } from '../noisy-copies.ts';
import { type Piece, type PieceReader, piecesOf, type ReadRange } from '../piece-reader.ts';
import { type BatchRows, type RowSource, rowsReader } from '../read-rows.ts';
import { classifyRow, softmaxOfRow } from './classify-row.ts';
import { maskLabels, softmaxSums } from './device-masks.ts';
import type { MaskLayout } from './mask-layout.ts';

/** Which classes count as a hit of a component: those at the places low .. high of an order; without an order the class low itself. @internal */
export interface ChosenClasses {
  /** First place of each component. */
  readonly low: Int32Array;
  /** Last place of each component, and the place of each class; absent where each component has one class. */
  readonly ranges?: { readonly high: Int32Array; readonly order: Int32Array } | undefined;
}

/** What is asked of a batch: the class of each component in each copy (and the softmax), or how many copies hit. @internal */
export type MaskAsk =
  { readonly kind: 'labels'; readonly softmax: boolean } | { readonly kind: 'hits'; readonly chosen: ChosenClasses };

/** What was read of some copies. @internal */
export interface MaskPiece extends Piece {
  /** Shape of a mask. */
  readonly shape: readonly number[];
  /** Copies that could not be drawn. */
  readonly failed: number;
  /** Asked for labels: those of each copy that could be drawn, row after row. */
  readonly labels?: Int32Array | undefined;
  /** Asked for the softmax too: its sum over these copies, component after component. */
  readonly softmax?: Float32Array | undefined;
  /** Asked for hits: how many copies hit, for each component. */
  readonly hits?: Int32Array | undefined;
}

/** A segmenter as its masks are counted. @internal */
export interface MaskSource extends RowSource {
  readonly layout: MaskLayout;
}

type MaskRange = ReadRange<MaskAsk>;

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
  const onHost = async (ranges: readonly MaskRange[]): Promise<readonly MaskPiece[]> =>
    countOnHost(call, layout, await reader.rows(ranges), ranges);
  const { reduced } = reader;
  const onDevice =
    reduced &&
    (async (ranges: readonly MaskRange[]): Promise<readonly MaskPiece[]> => {
      let rows: ReadonlySet<number> = new Set();
      let pieces: readonly MaskPiece[] | undefined;
      const tensors = await reduced(ranges, (output, failed) => {
        if (output.dtype !== 'float32') throw noFloats(call, output.dtype);
        rows = failed;
        // One loop over the memory of WebAssembly takes half of what its operations take.
        const values = valuesInMemory(output);
        if (values) pieces = countOnHost(call, layout, { values, failed }, ranges);
        return values ? nothing() : talliesOf(layout, output, ranges, failed);
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

/** How many copies hit, for each component: 0 and 1 are summed by a product of matrices, exact below 2²⁴ copies. */
function hitsOf(labels: tf.Tensor2D, { low, ranges }: ChosenClasses, voters: Float32Array): tf.Tensor {
  const row = (places: Int32Array): tf.Tensor => tensorOver(places, [1, places.length], 'int32');
  const isHit =
    ranges === undefined
      ? tf.equal(labels, row(low))
      : tf.tidy(() => {
          const places = tf.gather(tensorOver(ranges.order, [ranges.order.length], 'int32'), labels);
          return tf.logicalAnd(tf.greaterEqual(places, row(low)), tf.lessEqual(places, row(ranges.high)));
        });
  const ones = tensorOver(voters, [1, voters.length], 'float32') as tf.Tensor2D;
  const hits = tf.matMul(ones, tf.cast(isHit, 'float32') as tf.Tensor2D);
  return tf.cast(tf.reshape(hits, [low.length]), 'int32');
}

/** 1 for each copy that could be drawn, 0 for the others. */
function votersOf(begin: number, drawn: number, failed: ReadonlySet<number>): Float32Array {
  return Float32Array.from({ length: drawn }, (_, row) => (failed.has(begin + row) ? 0 : 1));
}

const hasSoftmax = (ranges: readonly MaskRange[]): boolean =>
  ranges.some(({ ask }) => ask.kind === 'labels' && ask.softmax);

function joined(parts: readonly tf.Tensor[]): tf.Tensor {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return tf.clone(first);
  return tf.concat([...parts]);
}

/** A piece of a batch. */
interface PlacedPiece {
  /** Its first row. */
  readonly begin: number;
  readonly drawn: number;
  readonly ask: MaskAsk;
}

function forEachPiece(ranges: readonly MaskRange[], work: (piece: PlacedPiece) => void): void {
  let begin = 0;
  for (const range of ranges) {
    for (const drawn of piecesOf([range])) {
      work({ begin, drawn, ask: range.ask });
      begin += drawn;
    }
  }
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

/** The same from logits that were read back. */
function countOnHost(
  call: string,
  layout: MaskLayout,
  { values, failed }: BatchRows,
  ranges: readonly MaskRange[],
): readonly MaskPiece[] {
  const { shape, components, channels, size } = layout;
  const pieces: MaskPiece[] = [];
  const classes = new Int32Array(components);
  const read = (row: number, into: Int32Array): void => {
    const logits = values.subarray(row * size, (row + 1) * size);
    if (!classifyRow(layout, logits, into)) assertFiniteLogits(call, logits);
  };
  forEachPiece(ranges, ({ begin, drawn, ask }) => {
    const voters = votersOf(begin, drawn, failed);
    const missing = voters.reduce((count, voter) => count + 1 - voter, 0);
    if (ask.kind === 'hits') {
      const hits = new Int32Array(components);
      for (let row = 0; row < drawn; row++) {
        read(begin + row, classes);
        if (voters[row] === 1) addHits(hits, classes, ask.chosen);
      }
      return void pieces.push({ drawn, shape, failed: missing, hits });
    }
    const labels = new Int32Array((drawn - missing) * components);
    const softmax = ask.softmax ? new Float32Array(components * channels) : undefined;
    for (let row = 0, voter = 0; row < drawn; row++) {
      read(begin + row, classes);
      if (voters[row] !== 1) continue;
      labels.set(classes, components * voter++);
      if (softmax) softmaxOfRow(layout, values.subarray((begin + row) * size, (begin + row + 1) * size), softmax);
    }
    pieces.push({ drawn, shape, failed: missing, labels, softmax });
  });
  return pieces;
}

/** Adds 1 where the class of a component is one of those chosen. */
function addHits(hits: Int32Array, classes: Int32Array, { low, ranges }: ChosenClasses): void {
  if (ranges === undefined) {
    for (let i = 0; i < hits.length; i++) if (classes[i] === low[i]) hits[i]!++;
    return;
  }
  const { order, high } = ranges;
  for (let i = 0; i < hits.length; i++) {
    const place = order[classes[i] as number] as number;
    if (place >= (low[i] as number) && place <= (high[i] as number)) hits[i]!++;
  }
}

function noFloats(call: string, dtype: string): ClassifierError {
  const way = 'it must return logits, no classes';
  return refusal(ClassifierError, { call, field: 'model', value: dtype, way }, 'must return float32');
}
