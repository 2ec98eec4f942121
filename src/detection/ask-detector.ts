import * as tf from '@tensorflow/tfjs';
import { differsAlone } from '../classifier/row-passes.ts';
import type { TypedBatch } from '../classifier/types.ts';
import { ClassifierError, refusal } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import { onBackend, readBack } from '../tensors/backend-failure.ts';
import { copyOf, tensorOver } from '../tensors/own-tensor.ts';
import { isTensor } from '../tensors/assert-shapes.ts';
import type { BoxTensors, Detector, FoundBoxes, TensorDetector, TypedDetector } from './types.ts';
import { countOf } from './row-parts.ts';

/** Boxes of one row in arrays of our own. @internal */
export interface OwnBoxes extends FoundBoxes {
  readonly boxes: Float32Array;
  readonly scores: Float32Array;
  readonly labels: Float32Array;
}

/**
 * The boxes of each row of a batch, without the padding behind `counts`.
 *
 * @throws ClassifierError for what is not as the detector must answer
 * @internal
 */
export function askDetector(
  call: string,
  detector: Detector,
  inputs: Float32Array<ArrayBuffer>,
  batch: TypedBatch,
): Promise<OwnBoxes[]> {
  return typeof detector === 'function'
    ? askTensors(call, detector, inputs, batch)
    : askTyped(call, detector, inputs, batch);
}

async function askTyped(
  call: string,
  detector: TypedDetector,
  inputs: Float32Array<ArrayBuffer>,
  batch: TypedBatch,
): Promise<OwnBoxes[]> {
  const shown = { ...batch, shape: [...batch.shape] };
  return inTurn(detector, async () => ownBoxes(call, await detector.detect(inputs, shown), batch.batch));
}

function ownBoxes(call: string, found: unknown, rows: number): OwnBoxes[] {
  if (!Array.isArray(found) || found.length !== rows) {
    const got = Array.isArray(found) ? `${found.length}` : undefined;
    const must = `must return the boxes of ${rows} rows, a list with { boxes, scores, labels } for each`;
    throw refusal(ClassifierError, { call, field: 'detector', value: found, got }, must);
  }
  return found.map((row: Partial<FoundBoxes> | null, i) => {
    const { boxes = [], scores, labels = [] } = row ?? {};
    const count = scores?.length ?? NaN;
    if (boxes.length === 4 * count && labels.length === count) {
      return {
        boxes: Float32Array.from(boxes),
        scores: Float32Array.from(scores ?? []),
        labels: Float32Array.from(labels),
      };
    }
    const got = `${boxes.length} numbers of boxes, ${count} scores and ${labels.length} labels in row ${i}`;
    const must = 'must return four numbers, a score and a label for each box';
    throw refusal(ClassifierError, { call, field: 'detector', value: row, got }, must);
  });
}

async function askTensors(
  call: string,
  detector: TensorDetector,
  inputs: Float32Array<ArrayBuffer>,
  { batch, shape }: TypedBatch,
): Promise<OwnBoxes[]> {
  const pass = { call, shape: [batch, ...shape] };
  const found = onBackend(pass, () =>
    tf.tidy(() => {
      const x = tensorOver(inputs, pass.shape, 'float32');
      // Where a row alone comes out otherwise, it is asked beside a copy of itself.
      const isBeside = batch === 1 && differsAlone();
      const { boxes, scores, labels, counts } = detector(isBeside ? tf.concat([x, x]) : x);
      const own = { boxes, scores, labels, ...(counts && { counts }) };
      assertBoxTensors(call, own, isBeside ? 2 : batch);
      return Object.values(own).map(copyOf);
    }),
  );
  try {
    const [boxes, scores, labels, counts] = await readBack(pass, () =>
      Promise.all(found.map(async (tensor) => Float32Array.from(await tensor.data()))),
    );
    const most = found[1]?.shape[1] ?? 0;
    return Array.from({ length: batch }, (_, row) => {
      const count = counts === undefined ? most : countOf(call, counts[row], most);
      const part = (values: Float32Array | undefined, size: number): Float32Array =>
        (values ?? new Float32Array()).slice(row * most * size, (row * most + count) * size);
      return { boxes: part(boxes, 4), scores: part(scores, 1), labels: part(labels, 1) };
    });
  } finally {
    tf.dispose(found);
  }
}

function assertBoxTensors(call: string, { boxes, scores, labels, counts }: BoxTensors, rows: number): void {
  const most = isTensor(scores) ? (scores.shape[1] ?? NaN) : NaN;
  const wanted = [
    ['boxes', boxes, [rows, most, 4]],
    ['scores', scores, [rows, most]],
    ['labels', labels, [rows, most]],
    ...(counts ? [['counts', counts, [rows]] as const] : []),
  ] as const;
  for (const [name, tensor, shape] of wanted) {
    if (isTensor(tensor) && tensor.shape.join() === shape.join()) continue;
    const got = isTensor(tensor) ? `[${tensor.shape.join(', ')}]` : undefined;
    const sizes = shape.map((size) => (Number.isNaN(size) ? 'N' : size));
    const must = `must return \`${name}\` of shape [${sizes.join(', ')}]`;
    throw refusal(ClassifierError, { call, field: 'detector', value: tensor, got }, must);
  }
}
