import type { ImageLayout } from './types.ts';

/** Sizes of the axes that a classifier wants, `null` for free ones. @internal */
export type WantedShape = readonly (number | null)[];

/** How an example is given to a classifier: its axes in another order, if that is needed, then the values in this shape. @internal */
export interface InputFit {
  /** Axes of the example in the order in which they are read; undefined: as they are. */
  readonly axes?: readonly number[] | undefined;
  /** Shape of what the classifier gets. */
  readonly shape: readonly number[];
}

/** A fit, or what is missing for one, as a way out. @internal */
export type Fitting = { readonly fit: InputFit } | { readonly missing: string };

/** At most so many channels are told from rows by their number alone. */
const FEW = 4;
/** [height, width, channels] read as [channels, height, width], and back. */
const CHANNELS_FIRST = [2, 0, 1] as const;
const CHANNELS_LAST = [1, 2, 0] as const;

const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);
const show = (shape: WantedShape): string => `[${shape.map((size) => size ?? 'any').join(', ')}]`;
const isFree = (size: number | null): boolean => size === null;
const read = (shape: readonly number[], axes: readonly number[]): number[] => axes.map((axis) => shape[axis] ?? 1);

/** Whether a shape is one that the classifier wants, axis by axis. @internal */
export function fitsShape(shape: readonly number[], wanted: WantedShape): boolean {
  return wanted.length === shape.length && wanted.every((size, axis) => size === null || size === shape[axis]);
}

/**
 * How examples of one shape are given to a classifier that wants another, wherever that is unambiguous.
 *
 * Axes of length 1 come and go. With at most two longer axes there are no channels, so the values have one order, and may become a flat vector or
 * come from one. Else the channels go to the front or to the back, where only one of these fits; a flat vector of several channels needs `layout`,
 * the order that the classifier wants. Axes are never exchanged otherwise.
 * @internal
 */
export function fitInput(
  shape: readonly number[],
  wanted: WantedShape | undefined,
  layout: ImageLayout | undefined,
): Fitting {
  const rank = wanted?.length ?? (layout === undefined ? shape.length : 3);
  if (wanted === undefined || wanted.every(isFree)) {
    if (layout === undefined && rank === shape.length) return { fit: { shape } };
    if (rank === 3) return imageFit(shape, layout ?? 'nhwc');
  }
  const to = wanted ?? shape.map(() => null);
  const [fit, another] = isPlain(shape) ? plainFits(shape, to, layout) : colourFits(shape, to, layout);
  if (fit === undefined) return { missing: missingStep(shape, to, layout) };
  if (another === undefined || layout !== undefined) return { fit };
  return {
    missing: `${show(shape)} can be read in several orders of axes: give \`layout\`, nhwc or nchw`,
  };
}

/** At most two axes are longer than 1, and none of them is one of channels: there are no channels, or one. */
function isPlain(shape: readonly number[]): boolean {
  const [front = 1, middle = 1, back = 1] = shape;
  const isRow = shape.length === 3 && back > 1 && back <= FEW && back < Math.max(front, middle);
  return shape.filter((size) => size !== 1).length <= 2 && !isRow;
}

/** An image in an order of axes, for a classifier that does not say which it wants. */
function imageFit(shape: readonly number[], layout: ImageLayout): Fitting {
  const [one = 1, two = 1, three = 1] = shape;
  if (shape.length === 2) return { fit: { shape: layout === 'nchw' ? [1, one, two] : [one, two, 1] } };
  if (shape.length !== 3)
    return { missing: `\`layout\` is for images [height, width, channels], not for ${show(shape)}` };
  if (three === 1) return { fit: { shape: layout === 'nchw' ? [1, one, two] : shape } };
  if (one === 1 && three > FEW) return { fit: { shape: layout === 'nhwc' ? [two, three, 1] : shape } };
  // As the images of the library are: channels last, where there are so few.
  const fits = three <= FEW ? ordersOf(shape, layout, { last: true, first: false }) : orders(shape, layout);
  return { fit: fits[0] ?? { shape } };
}

/** Examples without channels: there is one order of their values. */
function plainFits(shape: readonly number[], wanted: WantedShape, layout: ImageLayout | undefined): InputFit[] {
  if (contradicts(shape, wanted, layout)) return [];
  const sameOrder = aligned(shape, wanted);
  if (sameOrder) return [{ shape: sameOrder }];
  const flat = flattened(shape, wanted);
  if (flat) return [{ shape: flat }];
  const unrolled = shape.length === 1 ? unflattened(shape, wanted) : undefined;
  if (unrolled === undefined) return [];
  const channels = unrolled.filter((size) => size !== 1).length > 2;
  return !channels || layout !== undefined ? [{ shape: unrolled }] : [];
}

/** Examples with channels. */
function colourFits(shape: readonly number[], wanted: WantedShape, layout: ImageLayout | undefined): InputFit[] {
  const flat = flattened(shape, wanted);
  if (flat) {
    const [first] = layout === undefined || shape.length !== 3 ? [] : orders(shape, layout);
    return first ? [{ axes: first.axes, shape: flat }] : [];
  }
  if (shape.length === 3 && wanted.length === 3) {
    const [front, back] = [wanted[0] ?? null, wanted[2] ?? null];
    if (layout === undefined && front === null && back === null && fitsShape(shape, wanted)) return [{ shape }];
    return orders(shape, layout).filter((fit) => fitsShape(fit.shape, wanted));
  }
  const sameOrder = layout === undefined ? aligned(shape, wanted) : undefined;
  return sameOrder ? [{ shape: sameOrder }] : [];
}

/** The orders in which an image with channels can be read for a layout, or for any; the likeliest first. */
function orders(shape: readonly number[], layout: ImageLayout | undefined): InputFit[] {
  const [front = 1, , back = 1] = shape;
  // There are fewer channels than rows and columns.
  return ordersOf(shape, layout, { last: back <= front, first: front <= back });
}

function ordersOf(
  shape: readonly number[],
  layout: ImageLayout | undefined,
  { last, first }: { readonly last: boolean; readonly first: boolean },
): InputFit[] {
  const same = { shape };
  const toFirst = { axes: CHANNELS_FIRST, shape: read(shape, CHANNELS_FIRST) };
  const toLast = { axes: CHANNELS_LAST, shape: read(shape, CHANNELS_LAST) };
  if (layout === 'nhwc') return [...(last ? [same] : []), ...(first ? [toLast] : [])];
  if (layout === 'nchw') return [...(last ? [toFirst] : []), ...(first ? [same] : [])];
  return [same, ...(last ? [toFirst] : []), ...(first ? [toLast] : [])];
}

/** Whether the shape that is wanted says another layout than the one asked for: images without channels have one, a flat vector has few. */
function contradicts(shape: readonly number[], wanted: WantedShape, layout: ImageLayout | undefined): boolean {
  if (layout === undefined || wanted.length !== 3) return false;
  const [front = null, , back = null] = wanted;
  const channels = layout === 'nchw' ? front : back;
  return channels !== null && channels > (shape.length === 1 ? FEW : 1);
}

/** The wanted shape with all sizes, if it differs from `shape` by axes of length 1 only. */
function aligned(shape: readonly number[], wanted: WantedShape): number[] | undefined {
  const [size, ...sizes] = shape;
  const [want, ...wants] = wanted;
  if (size === undefined && want === undefined) return [];
  if (size !== undefined && want !== undefined && (want === null || want === size)) {
    const rest = aligned(sizes, wants);
    if (rest) return [size, ...rest];
  }
  if (want === 1) {
    const rest = aligned(shape, wants);
    if (rest) return [1, ...rest];
  }
  return size === 1 ? aligned(sizes, wanted) : undefined;
}

/** The shape of a flat vector, if that is what is wanted. */
function flattened(shape: readonly number[], wanted: WantedShape): number[] | undefined {
  const lengths = wanted.filter((size) => size !== 1);
  const [length = 1, another] = lengths;
  const size = product(shape);
  if (another !== undefined || (length !== null && length !== size)) return undefined;
  return wanted.map((one) => one ?? size);
}

/** The wanted shape of a flat vector. */
function unflattened(shape: readonly number[], wanted: WantedShape): number[] | undefined {
  const known = wanted.filter((size) => size !== null);
  return known.length === wanted.length && product(known) === product(shape) ? known : undefined;
}

/** What is missing where nothing fits. */
function missingStep(shape: readonly number[], wanted: WantedShape, layout: ImageLayout | undefined): string {
  if (layout !== undefined && 'fit' in fitInput(shape, wanted, undefined)) {
    return `${show(wanted)} is of another order than ${layout}: leave \`layout\` out`;
  }
  const [from, to] = [shape.filter((size) => size !== 1), wanted.filter((size) => size !== 1)];
  const known = to.filter((size) => size !== null);
  const isKnown = known.length === to.length;
  const [size, wantedSize] = [product(from), product(known)];
  if (isKnown && size === wantedSize) {
    if (from.length <= 1 || to.length <= 1) {
      return 'a flat vector of several channels has an order that its shape does not tell: give `layout`, nhwc or nchw';
    }
    if (String([...from].sort()) === String([...known].sort())) {
      return `the axes are in another order: transpose the images to ${show(wanted)}`;
    }
    return `the same number of values in another arrangement: reshape the images to ${show(wanted)} by hand`;
  }
  const images = [imageOf(shape), imageOf(wanted)];
  const [own, other] = images;
  if (own === undefined || other === undefined) {
    return isKnown
      ? `${size} values where ${wantedSize} are wanted`
      : `${shape.length} axes where ${wanted.length} are wanted`;
  }
  const { channels, sides } = own;
  const resize = `resize the images to ${other.sides.map((side) => side ?? 'any').join(' x ')}`;
  const hasSides = other.sides.every((side, i) => side === null || side === sides[i]);
  if (other.channels === null || other.channels === channels)
    return hasSides ? `transpose the images to ${show(wanted)}` : resize;
  const repeat =
    channels === 1 ? 'repeat the one channel' : other.channels === 1 ? 'make them grey' : 'choose the channels';
  const recolour = `${channels} channels where ${other.channels} are wanted: ${repeat}`;
  return hasSides ? recolour : `${recolour}, and ${resize}`;
}

/** A shape as an image, with its channels where they are few. */
function imageOf(
  shape: WantedShape,
): { readonly channels: number | null; readonly sides: readonly (number | null)[] } | undefined {
  if (shape.length === 2) return { channels: 1, sides: shape };
  if (shape.length !== 3) return undefined;
  const [front = null, , back = null] = shape;
  const isFirst = front !== null && front <= FEW && (back === null || back > front);
  return isFirst ? { channels: front, sides: shape.slice(1) } : { channels: back, sides: shape.slice(0, 2) };
}
