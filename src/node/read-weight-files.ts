import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { DataError } from '../errors.ts';
import { cannotOpen } from './file-error.ts';

/** Where weight files are. @internal */
export interface WeightFiles {
  /** The public call that error texts name. */
  readonly call: string;
  /** The folder of `model.json`. */
  readonly folder: string;
}

/** Bytes of a shard as TensorFlow.js and its converter cut them. */
const SHARD_BYTES = 4 * 1024 * 1024;
const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  float16: 2,
  uint16: 2,
  uint8: 1,
};

/**
 * Reads the weight files that a `model.json` names, and checks their lengths.
 *
 * @throws DataError if one is missing or has another length than its weights
 * @internal
 */
export async function readWeightFiles(
  manifest: tf.io.WeightsManifestConfig,
  files: WeightFiles,
): Promise<[tf.io.WeightsManifestEntry[], ArrayBuffer]> {
  const groups: Buffer[] = [];
  for (const { paths, weights } of manifest) {
    const shards: Buffer[] = [];
    for (const name of paths) shards.push(await readShard(name, files));
    checkLengths(paths, shards, weights, files);
    groups.push(...shards);
  }
  // A copy, since small buffers of Node share their memory.
  const { buffer } = Uint8Array.from(Buffer.concat(groups));
  return [manifest.flatMap(({ weights }) => weights), buffer];
}

async function readShard(name: string, { call, folder }: WeightFiles): Promise<Buffer> {
  const inside = normalize(name);
  if (isAbsolute(inside) || inside.startsWith('..')) {
    const text = `\`file\` must name weight files in its folder, got ${JSON.stringify(name)} (put them beside model.json)`;
    throw new DataError(text, { call, field: 'file', value: name });
  }
  const path = join(folder, inside);
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw cannotOpen(call, path, error);
    const text = `\`file\` must have its weight files beside it, got no file at ${path} (copy it there too)`;
    throw new DataError(text, { call, field: 'file', value: path });
  });
}

/** Bytes of the weights of a group; undefined if there are texts among them, whose length is in the bytes. */
function bytesOf(weights: readonly tf.io.WeightsManifestEntry[]): number | undefined {
  let bytes = 0;
  for (const { shape, dtype, quantization } of weights) {
    const each = BYTES[quantization?.dtype ?? dtype];
    if (each === undefined) return undefined;
    bytes += each * shape.reduce((product, length) => product * length, 1);
  }
  return bytes;
}

function checkLengths(
  paths: readonly string[],
  shards: readonly Buffer[],
  weights: readonly tf.io.WeightsManifestEntry[],
  { call, folder }: WeightFiles,
): void {
  const total = bytesOf(weights);
  if (total === undefined || total === shards.reduce((sum, { length }) => sum + length, 0)) return;
  const lengths = shards.map(({ length }) => length);
  // All shards but the last are equally long. Only the sum is in model.json.
  const isStandard = Math.ceil(total / SHARD_BYTES) === paths.length;
  const size = isStandard ? SHARD_BYTES : Math.max(...lengths);
  const expected = lengths.map((_, i) => (i < lengths.length - 1 ? size : total - size * (lengths.length - 1)));
  const wrong = Math.max(
    lengths.findIndex((length, i) => length !== expected[i]),
    0,
  );
  const text =
    `\`file\` must have whole weight files, got ${lengths[wrong] ?? 0} bytes in ${join(folder, paths[wrong] ?? '')}` +
    ` where ${expected[wrong] ?? total} were expected (copy it again)`;
  throw new DataError(text, { call, field: 'file', value: lengths[wrong] });
}
