import type { TensorInfo } from '@tensorflow/tfjs';
import type { VotesAttributes } from '../tensors/device-kernels.ts';
import { flat, type KernelCall, type Program } from './backend.ts';

const WORKGROUP = 256;
/** Classes that one workgroup counts, in its own memory: 4 KiB of the 16 that every device has. */
const BINS = 1024;

/**
 * Counts votes: for each piece, one workgroup for every 1024 classes goes through all its rows.
 *
 * Logits are compared as integers made from their bits, so that the order is exact on devices that take tiny numbers for 0. −0 equals 0
 * and the lowest index wins among equals, as on the CPU. A row with NaN or ±∞ does not vote.
 * @internal
 */
export function votesKernel({ backend, inputs, attrs }: KernelCall<VotesAttributes>): TensorInfo {
  const { logits } = inputs as { readonly logits: TensorInfo };
  const { begin, end, first, every } = attrs;
  const numClasses = logits.shape[1] ?? 0;
  const pieces = 1 + Math.ceil(Math.max(0, end - begin - first) / every);
  const cut = [begin, end, Math.min(first, end - begin), Math.min(every, end - begin)];
  return backend.runWebGPUProgram(
    votesProgram(numClasses, pieces),
    [flat(logits)],
    'int32',
    [...cut, numClasses, pieces].map((value) => ({ type: 'int32', data: [value] })),
  );
}

function votesProgram(numClasses: number, pieces: number): Program {
  return {
    variableNames: ['logits'],
    outputShape: [pieces * (numClasses + 2)],
    uniforms: 'begin : i32, end : i32, first : i32, every : i32, numClasses : i32, pieces : i32,',
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [pieces * Math.ceil(numClasses / BINS), 1, 1],
    shaderKey: 'catrs-votes',
    getUserCode: () => `
  var<workgroup> bins : array<atomic<i32>, ${BINS}>;
  var<workgroup> refused : atomic<i32>;
  var<workgroup> firstRefused : atomic<u32>; // counted from the end, so that 0 means none

  // Larger for larger numbers; 0 and -0 are the same.
  fn orderOf(bits : u32) -> u32 {
    if ((bits << 1u) == 0u) { return 0x80000000u; }
    return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
  }

  fn main(index : i32) {
    let classes = uniforms.numClasses;
    let groups = (classes + ${BINS - 1}) / ${BINS};
    let group = index / ${WORKGROUP};
    let piece = group / groups;
    let firstBin = (group % groups) * ${BINS};
    let end = min(uniforms.end, uniforms.begin + uniforms.first + piece * uniforms.every);
    var row = uniforms.begin + i32(localIndex);
    if (piece > 0) { row += uniforms.first + (piece - 1) * uniforms.every; }
    for (; row < end; row += ${WORKGROUP}) {
      var best = 0;
      var largest = 0u;
      var bad = classes;
      for (var c = 0; c < classes; c++) {
        let bits = bitcast<u32>(logits[row * classes + c]);
        if (bad == classes && (bits & 0x7f800000u) == 0x7f800000u) { bad = c; }
        let order = orderOf(bits);
        if (order > largest) { largest = order; best = c; }
      }
      if (bad < classes) {
        atomicAdd(&refused, 1);
        atomicMax(&firstRefused, 0xffffffffu - u32(row * classes + bad));
      } else if (best >= firstBin && best < firstBin + ${BINS}) {
        atomicAdd(&bins[best - firstBin], 1);
      }
    }
    workgroupBarrier();
    // The backend may start more workgroups than were asked for.
    if (piece < uniforms.pieces) {
      let out = piece * (classes + 2);
      for (var bin = i32(localIndex); bin < ${BINS} && firstBin + bin < classes; bin += ${WORKGROUP}) {
        result[out + firstBin + bin] = atomicLoad(&bins[bin]);
      }
      if (firstBin == 0 && localIndex == 0u) {
        let count = atomicLoad(&refused);
        result[out + classes] = count;
        var value = 0;
        if (count > 0) { value = bitcast<i32>(logits[0xffffffffu - atomicLoad(&firstRefused)]); }
        result[out + classes + 1] = value;
      }
    }
  }`,
  };
}
