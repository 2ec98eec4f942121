import * as tf from '@tensorflow/tfjs';
import { SmoothedClassifier } from 'catrs';
import { useWasm } from 'catrs/wasm';
import { certifyImages } from '../certify-images.ts';
import { matMulGflops, matMulSeconds } from '../mat-mul.ts';
import { alternate } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { FORWARD_FLOP, imageBatch, makeLenet, noise } from '../subjects.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

/** Bare forward passes, and certify around them, on each backend in this thread. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  const figures: Record<string, unknown> = {};
  const medians: Record<string, number> = {};
  for (const backend of ['cpu', 'wasm']) {
    if (backend === 'wasm') await useWasm({ threads: 1 });
    else await tf.setBackend('cpu');
    const images = quick ? 4 : backend === 'cpu' ? 32 : 256;
    const repeats = quick || backend === 'cpu' ? 1 : 4;
    const model = makeLenet();
    const batch = imageBatch(images);
    const g = new SmoothedClassifier(model, { noise, numClasses: 10 });
    const size = quick ? 32 : backend === 'cpu' ? 256 : 1024;
    // Fewer samples could not certify at alpha = 0.001.
    const samples = Math.max(24, images * repeats);
    const seconds = await alternate(
      {
        forward: async () => {
          for (let i = 0; i < repeats; i++) {
            const logits = model.predict(batch) as tf.Tensor;
            await logits.data();
            logits.dispose();
          }
        },
        certify: () => certifyImages(g, { images: 1, samples, batch: images }),
        matMul: () => matMulSeconds(size),
      },
      { rounds: quick ? 1 : backend === 'cpu' ? 5 : 15 },
    );
    const forward = rates(images * repeats, seconds.forward);
    const gflops = matMulGflops(size, Math.min(...seconds.matMul));
    figures[backend] = {
      'forward, images/s': forward,
      'certify, samples/s': rates(samples, seconds.certify),
      'certify against forward': significant(
        (samples / images / repeats) * pairedRatio(seconds.forward, seconds.certify),
      ),
      'GFLOP/s of the forward pass': significant((forward.median * FORWARD_FLOP) / 1e9),
      'GFLOP/s of a matrix product': significant(gflops),
    };
    medians[backend] = forward.median;
    tf.dispose(batch);
    model.dispose();
  }
  figures['wasm against cpu'] = significant(medians['wasm']! / medians['cpu']!);
  return { figures: { 'forward and certify per backend, one thread': figures } };
}
