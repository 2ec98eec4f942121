import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CifarBatch } from '../../src/data/cifar.ts';
import { encodeCifar } from '../data/cifar-encoder.ts';

const SIDE = 32;

/** Stripes whose direction, width and colour tell the class, under a little noise that is always the same. */
function stripes(labels: readonly number[], seed: number): CifarBatch {
  let state = seed;
  const noise = (): number => (state = (state * 48_271) % 2_147_483_647) % 33;
  const data = new Uint8Array(labels.length * SIDE * SIDE * 3);
  let at = 0;
  for (const label of labels) {
    const period = 4 << (label >> 2);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const place = label % 2 === 0 ? i % SIDE : Math.floor(i / SIDE);
      const isLight = place % period < period / 2;
      for (let channel = 0; channel < 3; channel++)
        data[at++] = (isLight === (label % 3 === channel) ? 190 : 30) + noise();
    }
  }
  const bytes = (shape: readonly number[], values: Uint8Array) => ({ dtype: 'uint8', shape, data: values }) as const;
  return {
    images: bytes([labels.length, SIDE, SIDE, 3], data),
    labels: bytes([labels.length], Uint8Array.from(labels)),
  };
}

/** Classes of the training images, one image a file. The last class is there, so the data have ten. */
const TRAINED = [0, 2, 4, 6, 9] as const;

/** Writes the files of the binary version of CIFAR-10 with one training image a file, and ten test images, one of each class. */
export async function writeCifar(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [i, label] of TRAINED.entries()) {
    await writeFile(join(folder, `data_batch_${i + 1}.bin`), encodeCifar(stripes([label], i + 1)));
  }
  await writeFile(join(folder, 'test_batch.bin'), encodeCifar(stripes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 6)));
  await writeFile(join(folder, 'batches.meta.txt'), 'stripes\n'.repeat(10));
  return folder;
}
