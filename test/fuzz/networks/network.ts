import * as tf from '@tensorflow/tfjs';
import type { Draws } from '../draws.ts';
import { catalogue } from './catalogue.ts';
import { recurrent } from './sequence-layers.ts';
import type { LayerData, Shape, Step } from './step.ts';
import { between } from './step.ts';

/** A network as data: the same one can be made on each backend, and printed. */
export interface Network {
  readonly inputShape: Shape;
  readonly batch: number;
  readonly steps: readonly Step[];
  /** The inputs are integers from 0 to `below - 1`; or any numbers. */
  readonly below: number | undefined;
}

const inputShapes: Readonly<Record<number, (draws: Draws) => number[]>> = {
  1: (draws) => [between(draws, 1, 9)],
  2: (draws) => [between(draws, 1, 7), between(draws, 1, 6)],
  3: (draws) => [between(draws, 1, 9), between(draws, 1, 9), between(draws, 1, 6)],
  4: (draws) => [between(draws, 1, 4), between(draws, 1, 5), between(draws, 1, 5), between(draws, 1, 4)],
};

/** Beyond this many numbers in one layer a network would test the same for longer. */
const MOST_NUMBERS = 3_000;

/** Layers that can stand anywhere in a model. */
const free = Object.keys(catalogue).filter((name) => !catalogue[name]!.first && !catalogue[name]!.alone);

/** A network with a layer of type `type`, and up to `neighbours` layers before and after it, but none of the types in `without`. */
export function drawNetwork(draws: Draws, type: string, neighbours: number, without: readonly string[] = []): Network {
  const kind = catalogue[type]!;
  const inputShape = inputShapes[draws.pick(kind.ranks)]!(draws);
  const steps: Step[] = [];
  const input = tf.input({ shape: inputShape });
  let x = input;
  const append = (name: string): void => {
    const step = { type: name, ...catalogue[name]!.draw(draws, shapeOf(x)) };
    steps.push(step);
    if (!kind.alone) x = applyStep(step, x);
  };
  const appendFree = (count: number): void => {
    for (let i = 0; i < count; i++) append(draws.pick(fitting(shapeOf(x), without)));
  };
  const before = kind.first || kind.alone ? 0 : draws.below(neighbours + 1);
  appendFree(before);
  // The layers before may have led to another rank.
  const fits = kind.ranks.includes(shapeOf(x).length);
  if (fits) {
    append(type);
    if (kind.masks?.(steps.at(-1)!.config)) append(draws.pick(recurrent));
    else if (!kind.alone) appendFree(draws.below(neighbours + 1));
  }
  tf.model({ inputs: input, outputs: x }).dispose(); // the layers were made to know their shapes
  return fits
    ? { inputShape, batch: between(draws, 1, 3), steps, below: kind.below }
    : drawNetwork(draws, type, neighbours, without);
}

function fitting(shape: Shape, without: readonly string[]): string[] {
  if (tf.util.sizeFromShape([...shape]) > MOST_NUMBERS) return ['dense'];
  return free.filter((name) => catalogue[name]!.ranks.includes(shape.length) && !without.includes(name));
}

const shapeOf = (x: tf.SymbolicTensor): number[] => x.shape.slice(1) as number[];

/** A model of the network whose outputs are those of all its layers. */
export function buildModel({ inputShape, steps }: Network): tf.LayersModel {
  const input = tf.input({ shape: [...inputShape] });
  const outputs: tf.SymbolicTensor[] = [];
  for (const step of steps) outputs.push(applyStep(step, outputs.at(-1) ?? input));
  return tf.model({ inputs: input, outputs });
}

function applyStep({ branches = [], ...step }: Step, x: tf.SymbolicTensor): tf.SymbolicTensor {
  const others = branches.map((layers) => layers.reduce((y, data) => makeLayer(data).apply(y) as tf.SymbolicTensor, x));
  return makeLayer(step).apply(others.length > 0 ? [x, ...others] : x) as tf.SymbolicTensor;
}

type Make = (config: object) => tf.layers.Layer;

/** Makes a layer with the layers in its settings. What has a cell is an `rnn`, whatever cell it is named after. */
export function makeLayer({ type, config }: LayerData): tf.layers.Layer {
  const make = (tf.layers as unknown as Readonly<Record<string, Make>>)['cell' in config ? 'rnn' : type]!;
  return make(Object.fromEntries(Object.entries(config).map(([name, value]) => [name, made(value)])));
}

function made(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(made);
  return isLayer(value) ? makeLayer(value) : value;
}

const isLayer = (value: unknown): value is LayerData =>
  typeof value === 'object' && value !== null && 'type' in value && 'config' in value;
