import { OptionError, refusal } from '../errors.ts';
import * as fields from '../options/fields.ts';
import type { FieldsOf } from '../options/parse.ts';
import type { DetectorHeadOptions } from './detector-heads.ts';
import type { BoxFormat, BoxUnits } from './types.ts';

/** Which outputs of a model hold what. */
export interface DetectorOutputNames {
  /**
   * The output that holds the boxes, or all of a head with one output.
   * @defaultValue the only output, else the only one with `box` in its name
   */
  readonly boxes?: string | undefined;
  /**
   * The output that holds the scores.
   * @defaultValue the only one with `score`, `conf` or `prob` in its name
   */
  readonly scores?: string | undefined;
  /**
   * The output that holds the labels, where they are not the places of the scores.
   * @defaultValue the only one with `label` or `class` in its name
   */
  readonly labels?: string | undefined;
  /**
   * The output that holds the number of boxes.
   * @defaultValue the only one with `num` or `count` in its name
   */
  readonly counts?: string | undefined;
}

type Kind = keyof DetectorOutputNames;

const name = fields.optional(fields.field<string>('must be a name', (v) => typeof v === 'string' && v !== ''));

/** The checks of {@link DetectorOutputNames}. @internal */
export const nameFields: FieldsOf<DetectorOutputNames> = { boxes: name, scores: name, labels: name, counts: name };

/** Of several kinds that a name fits the first one counts: `num_boxes`, `class_scores`. */
const KINDS: readonly (readonly [Kind, RegExp])[] = [
  ['counts', /(^|[^a-z])num|count/i],
  ['boxes', /box/i],
  ['scores', /score|conf|prob/i],
  ['labels', /label|class/i],
];

/**
 * Which outputs are read, by what they hold.
 *
 * @param all - names of all outputs; of a saved model of TensorFlow those of its signature
 * @throws OptionError if `boxes` and `scores` must be named, or a name is none of the model
 * @internal
 */
export function headNames(
  call: string,
  all: readonly string[],
  { boxes, scores, labels, counts }: DetectorOutputNames,
  { head }: Pick<DetectorHeadOptions, 'head'>,
): DetectorOutputNames & { readonly boxes: string } {
  const given = { boxes, scores, labels, counts };
  const shown = all.join(', ');
  for (const [field, value] of Object.entries(given)) {
    if (value === undefined || all.includes(value)) continue;
    throw refusal(OptionError, { call, field, value }, `must be one of the outputs (${shown})`);
  }
  const [only] = all;
  const isOne = head !== undefined && head !== 'boxes';
  if (boxes !== undefined && (isOne || scores !== undefined)) return { ...given, boxes };
  if (only !== undefined && all.length === 1 && head !== 'boxes') return { ...given, boxes: only };
  const ofKind = (wanted: Kind): string | undefined => {
    const found = all.filter((one) => KINDS.find(([, pattern]) => pattern.test(one))?.[0] === wanted);
    return found.length === 1 ? found[0] : undefined;
  };
  const byName = (kind: Kind): string | undefined => given[kind] ?? ofKind(kind);
  const names = {
    boxes: byName('boxes'),
    scores: byName('scores'),
    labels: byName('labels'),
    counts: byName('counts'),
  };
  const missing = names.boxes === undefined ? 'boxes' : names.scores === undefined && !isOne ? 'scores' : undefined;
  if (names.boxes !== undefined && missing === undefined) return { ...names, boxes: names.boxes };
  const must = `must name one of the outputs (${shown})`;
  throw refusal(OptionError, { call, field: missing ?? 'boxes', value: undefined, got: 'none' }, must);
}

/** What the boxes of a head are, where nothing is said. @internal */
export function formatOf(
  { head, format, units }: Pick<DetectorHeadOptions, 'head' | 'format' | 'units'>,
  { boxes, isOnly }: { readonly boxes: string; readonly isOnly: boolean },
): { readonly format: BoxFormat; readonly units: BoxUnits } {
  const isTensorflow = /detection_boxes/.test(boxes);
  const isYolo = head === 'yolov8' || head === 'yolov5' || (isOnly && head === undefined);
  return {
    format: format ?? (isYolo ? 'cxcywh' : isTensorflow ? 'yxyx' : 'xyxy'),
    units: units ?? (isTensorflow ? 'normalized' : 'pixels'),
  };
}
