// A fresh process that certifies one image with n samples and tells its peak memory in MB.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { SmoothedClassifier } from 'catrs';
import { useWasm } from 'catrs/wasm';
import { significant } from './statistics.ts';
import { imageValues, key, makeLenet, noise, SHAPE } from './subjects.ts';

process.on('disconnect', () => process.exit(1)); // the run was stopped
await useWasm({ threads: 1 });
const g = new SmoothedClassifier(makeLenet(), { noise, numClasses: 10 });
await g.certify(tf.tensor(imageValues(1), [...SHAPE]), { key, n: Number(process.argv[2]) });
// The channel to the parent would keep the process alive.
process.send?.(significant(peakMegabytes()), () => process.exit(0));

/** Linux hands the peak of the parent on to `resourceUsage` of a child; the peak of the memory itself starts anew. */
function peakMegabytes(): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}
