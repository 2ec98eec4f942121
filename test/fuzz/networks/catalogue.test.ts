import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createKey, foldIn } from '../../../src/random/key.ts';
import { Draws } from '../draws.ts';
import { activations } from './activation-layers.ts';
import { aliases, catalogue, others } from './catalogue.ts';
import { tryNetwork } from './fuzz-networks.ts';
import { drawNetwork } from './network.ts';

const layers = tf.layers as unknown as Readonly<Record<string, (config: object) => tf.layers.Layer>>;

describe('the catalogue of layers', () => {
  it('has every export of tf.layers, once', () => {
    const known = [...Object.keys(catalogue), ...Object.keys(aliases), ...Object.keys(others)];
    expect(known.sort()).toEqual(Object.keys(tf.layers).sort());
  });

  it.each(Object.entries(aliases))('%s is %s', (alias, name) => {
    const config = { poolSize: 2 };
    expect(layers[alias]!(config).getClassName()).toBe(layers[name]!(config).getClassName());
  });

  it('has every activation of tf.layers', () => {
    const { classNameMap } = tf.serialization.SerializationMap.getMap();
    const registered = Object.entries(classNameMap).filter(
      ([, [type]]) => (Object.getPrototypeOf(type) as { readonly name: string }).name === 'Activation',
    );
    expect(registered.map(([name]) => name).sort()).toEqual([...activations].sort());
  });

  it('draws the same network from the same key, with a layer of the type that is asked for', () => {
    for (const type of Object.keys(catalogue)) {
      const draw = (): object => drawNetwork(new Draws(foldIn(createKey(5), 1)), type, 2);
      const before = tf.memory().numTensors;
      const network = draw() as ReturnType<typeof drawNetwork>;
      expect(network).toEqual(draw());
      expect(network.steps.map((step) => step.type)).toContain(type);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it.each(Object.keys(catalogue))('makes a network with %s that cpu computes twice the same', async (type) => {
    expect(await tryNetwork(type, 0, { backend: 'cpu', seed: 6, neighbours: 1, tolerance: 0 })).toBeUndefined();
  });
});
