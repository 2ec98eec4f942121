import * as tf from '@tensorflow/tfjs';
import { createKey, foldIn, split } from '../../../src/random/key.ts';
import { Draws } from '../draws.ts';
import { catalogue } from './catalogue.ts';
import { difference, TOLERANCE } from './compare.ts';
import { drawNetwork } from './network.ts';
import { runNetwork } from './run.ts';
import { drawInputs, withSpecialNumbers } from './values.ts';

/** Which networks are tried. */
export interface NetworkFuzz {
  readonly backend: string;
  readonly seed: number;
  /** Networks for each layer type. */
  readonly count: number;
  /** Most layers before and after that of the type. */
  readonly neighbours: number;
  /** Whether NaN, infinities, -0 and subnormal numbers are among the inputs. */
  readonly special?: boolean;
  /** Layer types that do not run on the backend. */
  readonly without?: readonly string[];
  /** See {@link TOLERANCE}. */
  readonly tolerance?: number;
}

/** Layer types, in the order in which keys are given to them. */
export const layerTypes: readonly string[] = Object.keys(catalogue);

/** Tries networks with a layer type; what differs is returned with what is needed to make the network again. */
export async function fuzzLayerType(type: string, fuzz: NetworkFuzz): Promise<string[]> {
  const findings: string[] = [];
  for (let i = 0; i < fuzz.count; i++) {
    const found = await tryNetwork(type, i, fuzz);
    if (found !== undefined) findings.push(`network ${i} of seed ${fuzz.seed}: ${found}`);
  }
  return findings;
}

/** One network: the same type, index and seed give the same network, inputs and weights. */
export async function tryNetwork(
  type: string,
  i: number,
  { backend, seed, neighbours, special = false, without = [], tolerance = TOLERANCE }: Omit<NetworkFuzz, 'count'>,
): Promise<string | undefined> {
  await tf.setBackend('cpu');
  const key = foldIn(foldIn(createKey(seed), layerTypes.indexOf(type)), i);
  const [networkKey, inputKey, weightKey] = split(key, 3);
  const network = drawNetwork(new Draws(networkKey!), type, neighbours, without);
  const draws = new Draws(inputKey!);
  const plain = drawInputs(draws, network);
  const x = special && network.below === undefined ? withSpecialNumbers(draws, plain) : plain;
  const expected = await runNetwork('cpu', network, x, weightKey!);
  const actual = await runNetwork(backend, network, x, weightKey!);
  const found = difference(network, expected, actual, { special, tolerance });
  return found === undefined ? undefined : `${found} in ${JSON.stringify(network)}`;
}
