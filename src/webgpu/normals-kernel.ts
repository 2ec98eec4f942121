import type { TensorInfo } from '@tensorflow/tfjs';
import { CatrsError, refusal } from '../errors.ts';
import type { NormalsAttributes } from '../tensors/device-kernels.ts';
import { flat, type KernelCall, type Program, type WebgpuBackend } from './backend.ts';

/** Rounds of Threefry-2x32 with these rotations, written out: a shader compiler need not unroll them. */
function rounds(...counts: readonly number[]): string {
  return counts
    .map((count) => `x.x += x.y; x.y = x.x ^ ((x.y << ${count}u) | (x.y >> ${32 - count}u));`)
    .join('\n    ');
}

/**
 * The draws of src/random in WGSL: the rounds of `threefry2x32`, the steps of `normalPair` and the child keys of `foldIn`.
 *
 * Integer steps are exact, so the words are those of the CPU. A device may fuse a product with a sum and rounds quotients and roots less
 * strictly, so the normals are those of the CPU within a few roundings.
 */
const DRAWS: string = `
  fn threefry(key : vec2<u32>, counter : vec2<u32>) -> vec2<u32> {
    let k2 = key.x ^ key.y ^ 0x1bd11bdau;
    var x = counter + key;
    ${rounds(13, 15, 26, 6)}
    x += vec2<u32>(key.y, k2 + 1u);
    ${rounds(17, 29, 16, 24)}
    x += vec2<u32>(k2, key.x + 2u);
    ${rounds(13, 15, 26, 6)}
    x += vec2<u32>(key.x, key.y + 3u);
    ${rounds(17, 29, 16, 24)}
    x += vec2<u32>(key.y, k2 + 4u);
    ${rounds(13, 15, 26, 6)}
    return x + vec2<u32>(k2, key.x + 5u);
  }

  // The child of the key, for i below 2^32.
  fn foldIn(key : vec2<u32>, i : u32) -> vec2<u32> {
    return threefry(key, vec2<u32>(i, 0x40000000u));
  }

  fn halfRadius(word : u32) -> f32 {
    let odd = bitcast<i32>(word | 1u);
    let upper = odd >> 31u;
    let a = bitcast<u32>((odd ^ upper) - upper);
    let e = countLeadingZeros(a) & bitcast<u32>(~upper);
    let h = f32(a << e) * 0x1p-32f;
    let t = abs(f32(1 + upper) - h);
    let y = t / (2.0f - t);
    let z = y * y;
    let p = z * (z * (z * (z * 0.140033901f + 0.140015125f) + 0.200107187f) + 0.333332092f);
    return sqrt(f32(e) * 0.34657359f + (y + y * p));
  }

  fn normalPair(words : vec2<u32>) -> vec2<f32> {
    let rho = halfRadius(words.x);
    let y = f32(bitcast<i32>(words.y << 2u)) * 0x1p-31f;
    let z = y * y;
    let cosine = rho * (z * (z * (z * (z * 0.00000698817485f + -0.000651737384f) + 0.0317085683f) + -0.616850257f) + 2.0f);
    let sine = rho * (y * (z * (z * (z * -0.0000732183034f + 0.00498203281f) + -0.161491662f) + 1.57079637f));
    switch (words.y + 0x20000000u) >> 30u {
      case 0u: { return vec2<f32>(cosine, sine); }
      case 1u: { return vec2<f32>(-sine, cosine); }
      case 2u: { return vec2<f32>(-cosine, -sine); }
      default: { return vec2<f32>(sine, -cosine); }
    }
  }
`;

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
  const details = { call, field, value: rows, got: `${bytes} bytes for ${rows} copies`, way: 'use smaller batches' };
  throw refusal(CatrsError, details, `must keep the noise within the ${most} bytes of one buffer of this device`);
}
