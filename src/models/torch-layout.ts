/**
 * How the elements of a weight lie in PyTorch, seen from TensorFlow.js.
 *
 * `shape` is PyTorch's shape. `sources[i]` is where element i of the TensorFlow.js weight lies in PyTorch's.
 * @internal
 */
export interface TorchLayout {
  readonly shape: readonly number[];
  readonly sources: Uint32Array;
}

/** A vector: the same in both, but for features that come out of a flattened image. @internal */
export function vectorLayout(length: number, image: readonly number[] | undefined): TorchLayout {
  return { shape: [length], sources: flattenedOrder(length, image) };
}

/** Convolution: [height, width, in, out] here, [out, in, height, width] in PyTorch. @internal */
export function convolutionLayout([height, width, inputs, outputs]: readonly number[]): TorchLayout {
  const sources = new Uint32Array(height! * width! * inputs! * outputs!);
  let at = 0;
  for (let y = 0; y < height!; y++)
    for (let x = 0; x < width!; x++)
      for (let i = 0; i < inputs!; i++)
        for (let o = 0; o < outputs!; o++) sources[at++] = ((o * inputs! + i) * height! + y) * width! + x;
  return { shape: [outputs!, inputs!, height!, width!], sources };
}

/**
 * Dense layer: [in, out] here, [out, in] in PyTorch. `image` is the shape [height, width, channels] of what was flattened to its
 * inputs, if anything was: PyTorch flattens channels first.
 * @internal
 */
export function denseLayout([inputs, outputs]: readonly number[], image: readonly number[] | undefined): TorchLayout {
  const order = flattenedOrder(inputs!, image);
  const sources = new Uint32Array(inputs! * outputs!);
  for (let i = 0; i < inputs!; i++)
    for (let o = 0; o < outputs!; o++) sources[i * outputs! + o] = o * inputs! + order[i]!;
  return { shape: [outputs!, inputs!], sources };
}

/** Where feature i, flattened height-width-channel, lies among features flattened channel-height-width. */
function flattenedOrder(length: number, image: readonly number[] | undefined): Uint32Array {
  if (image === undefined) return Uint32Array.from({ length }, (_, i) => i);
  const channels = image.at(-1)!;
  const positions = length / channels;
  return Uint32Array.from({ length }, (_, i) => (i % channels) * positions + Math.floor(i / channels));
}
