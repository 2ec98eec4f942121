import type * as tf from '@tensorflow/tfjs';
import { availableParallelism } from 'node:os';
import { SmoothedClassifier } from 'catrs';
import { toOnnx } from 'catrs/onnx';
import { useWasm } from 'catrs/wasm';
import { certifyImages, type CertifyWork, startCertifiers } from '../certify-images.ts';
import { findRuntime, NO_RUNTIME, onnxModel } from '../onnxruntime.ts';
import { alternate, type Work } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { imageBatch, makeLenet, noise } from '../subjects.ts';
import type { BenchSettings, GroupResult, Measured } from '../targets.ts';
import { Torch } from '../torch.ts';

const BATCH = 256;

/** Certification with a fixed n: threads, runtimes, and PyTorch's loop, all in the same rounds. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  const work: CertifyWork = { images: 4, samples: quick ? BATCH : 8 * BATCH, batch: BATCH };
  const units = work.images * work.samples;
  await useWasm({ threads: 1 });
  const model = makeLenet();
  const batch = imageBatch(BATCH);
  const torch = await Torch.start();
  const one = await startCertifiers(1);
  const two = await startCertifiers(2);
  const works: Record<string, Work> = {
    forward: () => forwardPasses(model, batch, units / BATCH),
    wasm1: () => certifyImages(one, work),
    wasm2: () => certifyImages(two, work),
  };
  const closing = [one, two];
  const hasRuntime = findRuntime() !== undefined;
  if (hasRuntime) {
    const onnx = await toOnnx(model);
    const pool = await startCertifiers(2, { onnx });
    closing.push(pool);
    works['onnx2workers'] = () => certifyImages(pool, work);
    for (const threads of [1, 2]) {
      const g = new SmoothedClassifier(await onnxModel(onnx, threads), { noise, numClasses: 10 });
      works[`onnx${threads}threads`] = () => certifyImages(g, work);
    }
  }
  if (torch instanceof Torch) {
    works['torch'] = () => torch.seconds({ work: 'certify', threads: 2, batch: BATCH, count: units / BATCH });
    works['torchForward'] = () => torch.seconds({ work: 'forward', threads: 2, batch: BATCH, count: units / BATCH });
  }
  const seconds = await alternate(works, { rounds: quick ? 1 : 7 });
  if (torch instanceof Torch) torch.close();
  await Promise.all(closing.map((pool) => pool.close()));

  const cores = Math.min(2, availableParallelism());
  const speedup = (slow: string, fast: string): number => significant(pairedRatio(seconds[slow]!, seconds[fast]!));
  const figures = Object.fromEntries(Object.entries(seconds).map(([name, s]) => [name, rates(units, s)]));
  const against = (names: readonly string[]): Measured => {
    if (typeof torch === 'string') return { value: null, reason: torch };
    const fastest = names.reduce((best, name) => (speedup('torch', name) > speedup('torch', best) ? name : best));
    return {
      value: speedup('torch', fastest),
      limit: significant(cores * speedup('torch', 'forward')),
      limitBecause: 'bare forward passes of one WASM thread, times the cores, against the same loop of PyTorch',
      details: {
        ours: fastest,
        PyTorch: torch.version,
        against: Object.fromEntries(names.map((n) => [n, speedup('torch', n)])),
      },
    };
  };
  const scaling: Measured = {
    value: speedup('wasm1', 'wasm2'),
    limit: cores,
    limitBecause: 'cores',
    details: { 'one worker against bare forward passes': speedup('forward', 'wasm1') },
  };
  const onnxNames = Object.keys(works).filter((name) => name.startsWith('onnx') && name !== 'onnx1threads');
  const P1b = hasRuntime ? withOnnxLimit(against(onnxNames), speedup, cores) : { value: null, reason: NO_RUNTIME };
  return {
    targets: { P1: against(['wasm2']), P1b, P7a: scaling },
    figures: { 'certify, fixed n, images/s of samples': figures },
  };
}

/** The limit of onnxruntime is its own forward pass: one thread with all of certify around it, times the cores. */
function withOnnxLimit(measured: Measured, speedup: (slow: string, fast: string) => number, cores: number): Measured {
  if (measured.value === null) return measured;
  const limit = significant(cores * speedup('torch', 'onnx1threads'));
  return { ...measured, limit, limitBecause: 'certify on one thread of onnxruntime, times the cores' };
}

async function forwardPasses(model: tf.LayersModel, batch: tf.Tensor, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const logits = model.predict(batch) as tf.Tensor;
    await logits.data();
    logits.dispose();
  }
}
