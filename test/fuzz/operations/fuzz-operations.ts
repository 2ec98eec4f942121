import * as tf from '@tensorflow/tfjs';
import { createKey, foldIn, split } from '../../../src/random/key.ts';
import { Draws } from '../draws.ts';
import { type Outcome, outcomeDifference, TOLERANCE } from '../networks/compare.ts';
import { algebra } from './algebra.ts';
import { arrays } from './arrays.ts';
import { convolutions } from './convolutions.ts';
import { elementwise } from './elementwise.ts';
import type { InputData, OperationCase, Operations } from './operation.ts';

/** The operations that graph models run, by name. */
export const operations: Operations = { ...convolutions, ...algebra, ...elementwise, ...arrays };

const names = Object.keys(operations);

/** Which calls are tried. */
export interface OperationFuzz {
  readonly backend: string;
  readonly seed: number;
  /** Calls of each operation. */
  readonly count: number;
  /** See {@link TOLERANCE}. */
  readonly tolerance?: number;
}

/** Tries an operation; what differs is returned with what is needed to make the call again. */
export async function fuzzOperation(
  name: string,
  { backend, seed, count, tolerance = TOLERANCE }: OperationFuzz,
): Promise<string[]> {
  const findings: string[] = [];
  for (let i = 0; i < count; i++) {
    const [callKey, inputKey] = split(foldIn(foldIn(createKey(seed), names.indexOf(name)), i), 2);
    const call = operations[name]!(new Draws(callKey!));
    const draws = new Draws(inputKey!);
    const data = call.inputs.map((input) => drawData(draws, input));
    const expected = await runCall('cpu', call, data);
    if ('error' in expected) throw new Error(`call ${i} of seed ${seed} of ${name} throws on cpu: ${expected.error}`);
    const actual = await runCall(backend, call, data);
    const found =
      'error' in actual ? `throws: ${actual.error}` : outcomeDifference(expected.outputs, actual.outputs, tolerance);
    if (found === undefined) continue;
    findings.push(`call ${i} of seed ${seed}: ${found}, ${JSON.stringify({ inputs: call.inputs, ...call.settings })}`);
  }
  return findings;
}

function drawData(
  draws: Draws,
  { shape, dtype, below, coarse = false }: InputData,
): Float32Array | Int32Array | Uint8Array {
  const length = tf.util.sizeFromShape([...shape]);
  if (dtype === 'bool') return Uint8Array.from({ length }, () => draws.below(2));
  if (dtype === 'int32') return Int32Array.from({ length }, () => draws.below(below!));
  return Float32Array.from({ length }, () => (coarse ? (draws.below(17) - 8) / 4 : draws.word() / 2 ** 30 - 2));
}

async function runCall(
  backend: string,
  { inputs, run }: OperationCase,
  data: readonly (Float32Array | Int32Array | Uint8Array)[],
): Promise<Outcome> {
  await tf.setBackend(backend);
  try {
    const results = tf.tidy(() =>
      [run(...inputs.map(({ shape, dtype }, i) => tf.tensor(data[i]!, [...shape], dtype)))].flat(),
    ) as tf.Tensor[];
    const outputs = await Promise.all(
      results.map(async (result) => ({ shape: result.shape, values: Float32Array.from(await result.data()) })),
    );
    tf.dispose(results);
    return { outputs };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
