import type { TensorInfo } from '@tensorflow/tfjs';
import { CatrsError } from '../errors.ts';
import type { NormalsAttributes } from '../tensors/device-kernels.ts';
import { flat, type KernelCall, type Program, type WebgpuBackend } from './backend.ts';
import { DRAWS } from './normals-shader.ts';

const WORKGROUP = 64;
const MOST_INDEX = 2 ** 31; // the backend counts threads in an int32

type Output = 'normals' | 'bits';

/** Normals, or the sums x + normals where there is an x, in one pass: one thread draws one pair of coordinates. @internal */
export function normalsKernel({ backend, inputs: { x }, attrs }: KernelCall<NormalsAttributes>): TensorInfo {
  return draw(backend, 'normals', x, attrs);
}

/** The words that the normals are made of. @internal */
export function bitsKernel({ backend, attrs }: KernelCall<NormalsAttributes>): TensorInfo {
  return draw(backend, 'bits', undefined, attrs);
}

function draw(
  backend: WebgpuBackend,
  output: Output,
  x: TensorInfo | undefined,
  attributes: NormalsAttributes,
): TensorInfo {
  const { key, start, rows, dimension, images, firstImage, scale } = attributes;
  assertFits(backend, attributes);
  const pairs = Math.ceil(dimension / 2);
  return backend.runWebGPUProgram(
    drawProgram(output, x !== undefined, rows * dimension, rows * pairs),
    x === undefined ? [] : [flat(x)],
    output === 'bits' ? 'int32' : 'float32',
    [
      ...[key[0], key[1], start, rows, dimension, pairs, images, firstImage].map((word) => ({
        type: 'uint32' as const,
        data: [word],
      })),
      { type: 'float32', data: [scale] },
    ],
  );
}

function drawProgram(output: Output, hasX: boolean, size: number, threads: number): Program {
  const value = (word: string): string =>
    output === 'bits' ? `bitcast<i32>(words.${word})` : `pair.${word} * uniforms.scale`;
  const sum = (word: string, coordinate: string): string => `${hasX ? `x[${coordinate}] + ` : ''}${value(word)}`;
  return {
    variableNames: hasX ? ['x'] : [],
    outputShape: [size],
    uniforms:
      'key0 : u32, key1 : u32, start : u32, rows : u32, dimension : u32, pairs : u32, images : u32, firstImage : u32,' +
      ' scale : f32,',
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(threads / WORKGROUP), 1, 1],
    shaderKey: `catrs-${output}${hasX ? '-sum' : ''}`,
    getUserCode: () => `
  ${DRAWS}
  fn main(index : i32) {
    let row = u32(index) / uniforms.pairs;
    if (row >= uniforms.rows) { return; }
    let j = 2u * (u32(index) % uniforms.pairs);
    var key = vec2<u32>(uniforms.key0, uniforms.key1);
    var sample = uniforms.start + row;
    if (uniforms.images > 0u) {
      key = foldIn(key, uniforms.firstImage + row % uniforms.images);
      sample = uniforms.start + row / uniforms.images;
    }
    let words = threefry(key, vec2<u32>(j / 2u, sample));
    ${output === 'bits' ? '' : 'let pair = normalPair(words);'}
    let at = row * uniforms.dimension + j;
    result[at] = ${sum('x', 'j')};
    if (j + 1u < uniforms.dimension) { result[at + 1u] = ${sum('y', 'j + 1u')}; }
  }`,
  };
}

/** A device refuses a buffer beyond its limits only later and in silence, and what is then read is 0. */
function assertFits({ device: { limits } }: WebgpuBackend, attributes: NormalsAttributes): void {
  const { rows, dimension, call, field } = attributes;
  const bytes = 4 * rows * dimension;
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize, MOST_INDEX);
  if (bytes <= most) return;
  throw new CatrsError(
    `\`${field}\` must keep the noise within the ${most} bytes of one buffer of this device, got ${bytes} bytes for ${rows} copies` +
      ' (use smaller batches)',
    { call, field, value: rows },
  );
}
