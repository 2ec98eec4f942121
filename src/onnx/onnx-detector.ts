import type { TypedBatch } from '../classifier/types.ts';
import { type DetectorHeadOptions, headFields, type HeadOutput, readHead } from '../detection/detector-heads.ts';
import { type DetectorOutputNames, formatOf, headNames, nameFields } from '../detection/head-names.ts';
import { partsOf } from '../detection/row-parts.ts';
import type { FoundBoxes, TypedDetector } from '../detection/types.ts';
import { ClassifierError, refusal } from '../errors.ts';
import { inTurn } from '../host/turns.ts';
import { optionsOf } from '../options/parse.ts';
import { numbersOf, encodings } from './element-types.ts';
import { type OnnxSession, type OnnxSessionOptions, type OnnxTensor, sessionFields } from './onnx-session.ts';
import { assertSession, inputOf, type Port, portOf } from './session-ports.ts';
import {
  assertLayout,
  assertShape,
  channelsFirst,
  channelsLastShape,
  fixedBatch,
  inputTensor,
  notRun,
} from './session-runner.ts';

/** Options of {@link onnxDetector}. */
export interface OnnxDetectorOptions extends OnnxSessionOptions, DetectorOutputNames, DetectorHeadOptions {}

const onnxDetectorOptions = optionsOf<OnnxDetectorOptions>()({ ...sessionFields, ...nameFields, ...headFields });

const CALL = 'onnxDetector';

/**
 * A session of onnxruntime with the outputs of a detector, for `boxSlots` of catrs.
 *
 * It reads the usual exports: boxes, scores and labels apart (torchvision, the TensorFlow object detection API), YOLO with one output (v5, v8 and later), rows
 * [N, 6] of models with their own suppression, and scores for each label (SSD, DETR). A model that takes one image in each run, or whose boxes have no axis for
 * the batch, is run image by image. Types, layouts and batches of the input are those of `onnxClassifier`; labels and counts may be integers.
 *
 * @param session - an `InferenceSession`; the host's, never released here
 * @throws OptionError if `session` is none, an option is unknown or wrong, or an output must be named
 * @throws ClassifierError (from certification) for outputs of other sizes, or with the words of the runtime if it cannot run
 * @example
 * ```ts
 * import { InferenceSession, Tensor } from 'onnxruntime-node';
 *
 * const session = await InferenceSession.create('yolov8n.onnx');
 * const detector = onnxDetector(session, { Tensor, layout: 'nchw', numLabels: 80 });
 * const rows = boxSlots(detector, { slots: 10, threshold: 0.25, overlap: 0.5 });
 * ```
 */
export function onnxDetector(session: OnnxSession, options: OnnxDetectorOptions): TypedDetector {
  const parsed = onnxDetectorOptions.parse(CALL, options);
  assertSession(CALL, session);
  const { Tensor, layout, feeds, inputName, engine } = parsed;
  const input = inputOf(CALL, session, { inputName, hasFeeds: feeds !== undefined });
  if (input.shape) assertLayout(CALL, layout, input.shape.slice(1));
  const names = headNames(CALL, session.outputNames, parsed, parsed);
  const kinds = (['boxes', 'scores', 'labels', 'counts'] as const).filter((kind) => names[kind] !== undefined);
  const fetches = kinds.map((kind) => names[kind] ?? '');
  const ports = fetches.map((name) => portOf(name, session.outputMetadata));
  const fixed = fixedBatch(CALL, parsed.fixedBatch, [
    input.shape?.[0],
    hasNoBatch(ports, kinds.length) ? 1 : undefined,
  ]);
  const inputShape = input.shape && channelsLastShape(input.shape.slice(1), layout);

  const detectRows = async (values: Float32Array, { batch, shape, kept }: TypedBatch): Promise<FoundBoxes[]> => {
    const sizes = layout === 'nchw' ? [...shape.slice(-1), ...shape.slice(0, -1)] : shape;
    const dims = [batch, ...sizes];
    const tensor = inputTensor(Tensor, input.type, encodings[input.type](values), dims);
    let results;
    try {
      results = await session.run(
        { ...feeds?.({ batch, shape, ...(kept && { kept }) }), [input.name]: tensor },
        fetches,
      );
    } catch (error) {
      throw notRun(CALL, error, { type: input.type, dims, isFree: fixed === undefined });
    }
    const [boxes, ...others] = fetches.map((name) => outputOf(name, results[name]));
    const rest = Object.fromEntries(kinds.slice(1).map((kind, i) => [kind, others[i]]));
    return readHead(CALL, { boxes: boxes as HeadOutput, ...rest }, parsed, batch);
  };

  return {
    detect: (inputs, { batch, shape, kept }) => {
      assertShape(CALL, shape, inputShape);
      assertLayout(CALL, layout, shape);
      const values = layout === 'nchw' ? channelsFirst(inputs, shape) : inputs;
      const size = fixed ?? batch;
      const shown = kept && partsOf(Float32Array.from(kept), batch, size).map((part) => Uint8Array.from(part.values));
      return inTurn(session, async () => {
        const found: FoundBoxes[] = [];
        for (const [i, part] of partsOf(values, batch, size).entries()) {
          const row = { batch: size, shape, ...(shown && { kept: shown[i] }) };
          found.push(...(await detectRows(part.values, row)).slice(0, part.count));
        }
        return found;
      });
    },
    ...formatOf(parsed, { boxes: names.boxes, isOnly: kinds.length === 1 }),
    numLabels: parsed.numLabels,
    inputShape,
    inputRange: input.type === 'uint8' ? [0, 255] : undefined,
    engine,
  };
}

/** Boxes [N, 4] or rows [N, 6], without an axis for the batch, where the runtime tells. */
function hasNoBatch([boxes]: readonly Port[], outputs: number): boolean {
  const shape = boxes?.shape;
  return shape?.length === 2 && shape[1] === (outputs === 1 ? 6 : 4);
}

function outputOf(name: string, tensor: OnnxTensor | undefined): HeadOutput {
  const { data, dims = [], type } = tensor ?? {};
  const values = numbersOf(type, data);
  if (values !== undefined) return { values, dims };
  const got = `${type ?? 'no numbers'} [${dims.join(', ')}]`;
  const details = { call: CALL, field: 'session', value: type, got };
  throw refusal(ClassifierError, details, `must return numbers as output "${name}"`);
}
