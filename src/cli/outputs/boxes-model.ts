import type { Classifier, TypedBatch, TypedClassifier } from '../../classifier/types.ts';
import type { BoxLayout } from '../../detection/box-layout.ts';
import { boxSlots } from '../../detection/box-slots.ts';
import type { GraphDetectorOptions } from '../../detection/graph-detector.ts';
import type { TypedDetector } from '../../detection/types.ts';
import { adaptedClassifier, type AdaptedTo } from '../adapt-model.ts';
import { CliError } from '../io.ts';
import type { OutputSettings } from './output-settings.ts';

/** What the outputs of the detector of `--task boxes` hold; undefined for another task. @internal */
export function detectorOptions(settings: OutputSettings): GraphDetectorOptions | undefined {
  const { task, outputName, head, activation, background, boxFormat: format, boxUnits: units } = settings;
  if (task !== 'boxes') return undefined;
  if (outputName !== undefined) {
    const way = '--boxes-output, --scores-output and --labels-output name its outputs';
    throw new CliError(`--output-name must be left out for --task boxes, got ${outputName} (${way})`);
  }
  const { boxesOutput: boxes, scoresOutput: scores, labelsOutput: labels, boxLabels } = settings;
  const numLabels = boxLabels?.length === 1 ? boxLabels[0] : undefined;
  return { boxes, scores, labels, head, activation, background, format, units, numLabels };
}

/** A detector as rows of numbers, given images as they are. @internal */
export function boxesModel(detector: TypedDetector, settings: OutputSettings, to: AdaptedTo): Classifier {
  const { slots = 0, bins, cells, sort, boxLabels, scoreThreshold: threshold, overlap, beyond } = settings;
  const [height, width] = to.shape;
  const size = height !== undefined && width !== undefined ? ([height, width] as const) : undefined;
  const labels = boxLabels?.length === 1 ? boxLabels[0] : boxLabels;
  return boxSlots(fitted(detector, settings, to), {
    ...{ slots, sort, labels, threshold, overlap, beyond, size },
    bins: bins && BINS[bins],
    cells: cells as readonly [number, number] | undefined,
  });
}

/** The bins of the options, in words of the library. */
const BINS = { none: 'none', label: 'label', cell: 'cell', 'label-and-cell': 'label and cell' } as const;

/** The options that make rows like those of a log. @internal */
export function boxSettings({ bins, labels, threshold, overlap, cells, beyond, ...same }: BoxLayout): LoggedBoxes {
  const isCounted = labels?.every((label, i) => label === i);
  return {
    ...same,
    bins: (Object.keys(BINS) as (keyof typeof BINS)[]).find((name) => BINS[name] === bins),
    boxLabels: isCounted ? [labels?.length ?? 0] : (labels ?? undefined),
    scoreThreshold: threshold,
    overlap: overlap ?? undefined,
    cells: cells ?? undefined,
    beyond: beyond || undefined,
  };
}

type LoggedBoxes = Pick<
  OutputSettings,
  'slots' | 'bins' | 'sort' | 'boxLabels' | 'scoreThreshold' | 'overlap' | 'cells' | 'beyond'
>;

/** A detector of the images of the data: they are brought to it in the shape and the scale that it wants. */
function fitted(detector: TypedDetector, settings: OutputSettings, to: AdaptedTo): TypedDetector {
  const { inputShape, inputRange } = detector;
  const before = (classify: TypedClassifier['classify']): TypedClassifier => {
    const last: TypedClassifier = { classify, inputShape, inputRange };
    return adaptedClassifier(settings.model, last, settings, { ...to, isBinary: false }).classifier as TypedClassifier;
  };
  const detect: TypedDetector['detect'] = async (inputs, batch) => {
    const given: { values?: Float32Array<ArrayBuffer>; batch?: TypedBatch } = {};
    const steps = before((values, rows) => {
      Object.assign(given, { values, batch: rows });
      return new Float32Array(2 * rows.batch);
    });
    await steps.classify(inputs, batch);
    return detector.detect(given.values ?? inputs, given.batch ?? batch);
  };
  const checked = before(() => new Float32Array()); // throws for images that cannot be brought to it
  return {
    detect,
    format: detector.format,
    units: detector.units,
    numLabels: detector.numLabels,
    inputShape: to.shape,
    inputRange: checked.inputRange,
    get engine() {
      return detector.engine;
    },
  };
}
