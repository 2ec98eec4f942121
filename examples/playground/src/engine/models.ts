/**
 * The networks of the page. Their weights are kept as plain arrays: a change of the backend makes the networks again from them.
 */
import * as tf from '@tensorflow/tfjs';
import { createKey } from 'catrs';
import { decodeSafetensors } from 'catrs/data';
import { lenet } from 'catrs/models';
import { unpackWeights } from '../packed-weights.ts';
import { MODEL_TITLES, type ModelName } from '../protocol.ts';

/** Networks by name. */
export class Models {
  readonly #weights = new Map<ModelName, readonly Float32Array[]>();
  readonly #networks = new Map<ModelName, tf.LayersModel>();

  /** Fetches a network that comes with the page. */
  async load(name: ModelName, url: string): Promise<void> {
    this.#weights.set(name, unpackWeights(decodeSafetensors(await fetchBytes(url)).tensors));
  }

  /** A network, made when it is first needed. It stays this object's. */
  get(name: ModelName): tf.LayersModel {
    const made = this.#networks.get(name);
    if (made !== undefined) return made;
    const weights = this.#weights.get(name);
    if (weights === undefined) throw new Error(`there is no model "${MODEL_TITLES[name]}" yet`);
    const network = lenet({ key: createKey(0) });
    const tensors = network.getWeights().map((old, i) => tf.tensor(weights[i] ?? [], old.shape));
    network.setWeights(tensors);
    tf.dispose(tensors);
    this.#networks.set(name, network);
    return network;
  }

  /** Takes over the weights of a network, which stays the caller's. */
  async keep(name: ModelName, network: tf.LayersModel): Promise<void> {
    const weights = await Promise.all(
      network.getWeights().map(async (weight) => Float32Array.from(await weight.data())),
    );
    this.#weights.set(name, weights);
    this.#networks.get(name)?.dispose();
    this.#networks.delete(name);
  }

  /** Forgets the tensors of the present backend. */
  release(): void {
    for (const network of this.#networks.values()) network.dispose();
    this.#networks.clear();
  }
}

/** Fetches a file of the page. */
export async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`cannot load ${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
