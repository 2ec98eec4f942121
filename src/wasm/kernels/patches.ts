import type { ConvGeometry } from './conv-geometry.ts';

/** Floats in the patch of the input that one output position sees: filterHeight · filterWidth · inChannels. @internal */
export function patchSize({ filterHeight, filterWidth, inChannels }: ConvGeometry): number {
  return filterHeight * filterWidth * inChannels;
}

/**
 * Adds patches to the places of the input that they were taken from (the transpose of cutting an input into patches).
 *
 * `patches` holds whole images, [images, outHeight, outWidth, filterHeight, filterWidth, inChannels], the first of them is image
 * `first` of `x`. What lies in the padding is dropped. A row of a patch is a run of neighbours in both arrays.
 *
 * @internal
 */
export function addPatches(x: Float32Array, patches: Float32Array, geometry: ConvGeometry, first: number): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth, padInfo } = geometry;
  const rowLength = filterWidth * inChannels;
  const images = patches.length / (outHeight * outWidth * filterHeight * rowLength);
  let from = 0;
  for (let image = first; image < first + images; image++) {
    for (let row = 0; row < outHeight; row++) {
      const top = row * geometry.strideHeight - padInfo.top;
      for (let column = 0; column < outWidth; column++) {
        const left = column * geometry.strideWidth - padInfo.left;
        const begin = Math.max(0, -left) * inChannels;
        const end = Math.min(filterWidth, inWidth - left) * inChannels;
        for (let y = top; y < top + filterHeight; y++, from += rowLength) {
          if (y < 0 || y >= inHeight) continue;
          const to = ((image * inHeight + y) * inWidth + left) * inChannels;
          for (let i = begin; i < end; i++) x[to + i]! += patches[from + i]!;
        }
      }
    }
  }
}
