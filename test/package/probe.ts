import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate of a function with a known answer, computed wherever catrs and tfjs can be imported; the same bits everywhere. */
export const certifyProbe = `
await tf.setBackend('cpu');
const weights = tf.tensor2d([[1, 0], [0, 1]]);
const g = new SmoothedClassifier((x) => tf.matMul(x, weights), { noise: new GaussianNoise({ sigma: 0.5 }), numClasses: 2 });
const { label, radius, nA, n } = await g.certify(tf.tensor1d([0.9, 0.1]), { key: createKey(7), n: 1000 });
const certificate = { label, radius, nA, n };
`;

/** A script that trains LeNet for a step of CAT-RS on WASM and certifies an image, and prints what it found. */
export const stepProbe = `
import * as tf from '@tensorflow/tfjs';
import { ConfidenceAwareLoss, createKey, GaussianNoise, NoisePgd, SmoothedClassifier, trainableVariables } from 'catrs';
import { lenet } from 'catrs/models';
import { useWasm } from 'catrs/wasm';
await useWasm();
const key = createKey(7);
const model = lenet({ key });
const noise = new GaussianNoise({ sigma: 0.5 });
const x = tf.tensor4d(Float32Array.from({ length: 4 * 784 }, (_, i) => ((i * 7919) % 1000) / 1000), [4, 28, 28, 1]);
const attack = new NoisePgd({ epsilon: 1, steps: 2 });
const loss = new ConfidenceAwareLoss(model, { noise, attack, numNoise: 2, lambda: 0.5 });
const { label } = await new SmoothedClassifier(model, { noise }).predict(tf.squeeze(tf.slice(x, 0, 1), [0]), { key });
const step = loss.prepare({ x, labels: Array(4).fill(label), key });
tf.train.momentum(0.1, 0.9).minimize(() => step.value(), false, trainableVariables(model));
const metrics = await step.metrics();
const g = new SmoothedClassifier(model, { noise });
const certificate = await g.certify(tf.squeeze(tf.slice(x, 0, 1), [0]), { key, n: 500 });
console.log(JSON.stringify({ metrics, certificate }));
`;

/** What the probe finds on a page or in a process. */
export interface ProbeResult {
  readonly label: number;
  readonly radius: number;
  readonly nA: number;
  readonly n: number;
}

/** The probe as an ES module of a host, run by some Node. */
export function probeInNode(folder: string, node: string = process.execPath): ProbeResult {
  const file = join(folder, 'probe.mjs');
  const imports = `import * as tf from '@tensorflow/tfjs';
import { createKey, GaussianNoise, SmoothedClassifier } from 'catrs';`;
  writeFileSync(file, `${imports}${certifyProbe}console.log(JSON.stringify(certificate));`);
  return lastLine(execFileSync(node, [file], { cwd: folder, encoding: 'utf8' })) as ProbeResult;
}

/** The JSON on the last line of what a script printed. */
export function lastLine(printed: string): unknown {
  return JSON.parse(printed.trim().split('\n').at(-1)!);
}
