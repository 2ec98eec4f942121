import { fitInput, fitsShape, type WantedShape } from './input-fit.ts';
import type { ModelTensor } from './types.ts';

/** A size; null where it is free: a layers model says null then, a graph model −1. @internal */
export function knownSize(size: number | null | undefined): number | null {
  return typeof size === 'number' && size >= 0 ? size : null;
}

/** Shape of one example by the only input of a model, where it declares one. @internal */
export function shapeOfInput(inputs: readonly ModelTensor[] | undefined): WantedShape | undefined {
  const batchShape = inputs?.[0]?.shape;
  // A graph model may have nothing or no axes for a free rank.
  if (!batchShape || batchShape.length === 0) return undefined;
  return batchShape.slice(1).map(knownSize);
}

/** What is to be done with an example of one shape for a classifier that wants another: the way out of an error. @internal */
export function inputAdvice(shape: readonly number[], wanted: WantedShape | undefined): string {
  if (wanted === undefined) return 'without a batch dimension: tf.squeeze or tf.unstack';
  const [, ...rest] = shape;
  if (fitsShape(rest, wanted)) return 'without a batch dimension: tf.squeeze or tf.unstack';
  const found = fitInput(shape, wanted, undefined);
  if ('missing' in found) return found.missing;
  const adapter = `reshapeInput(classifier, { shape: [${shape.join(', ')}] }) takes it as it is`;
  if (found.fit.axes) return `${channelsOf(wanted)}: tf.transpose(x, [${found.fit.axes.join(', ')}]), or ${adapter}`;
  if (wanted.length === 1) return `as a flat vector: tf.reshape(x, [${found.fit.shape.join(', ')}]), or ${adapter}`;
  const missing = shape.length + 1 === wanted.length ? wanted.findIndex((_, axis) => isAdded(shape, wanted, axis)) : -1;
  if (missing >= 0) return `with an axis of one channel: tf.expandDims(x, ${missing}), or ${adapter}`;
  return `with its axes so: tf.reshape(x, [${found.fit.shape.join(', ')}]), or ${adapter}`;
}

const channelsOf = ([front = null]: WantedShape): string =>
  front !== null && front <= 4 ? 'with its channels first' : 'with its channels last';

/** Whether the shape is the wanted one without this axis. */
function isAdded(shape: readonly number[], wanted: WantedShape, axis: number): boolean {
  return wanted[axis] === 1 && fitsShape(shape, [...wanted.slice(0, axis), ...wanted.slice(axis + 1)]);
}
