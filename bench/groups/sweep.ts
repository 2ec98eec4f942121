import { toOnnx } from 'catrs/onnx';
import type { WorkerCertifier } from 'catrs/node';
import { useWasm } from 'catrs/wasm';
import { certifyImages, startCertifiers } from '../certify-images.ts';
import type { CertifierData } from '../certifier-module.ts';
import { findRuntime } from '../onnxruntime.ts';
import { alternate, type Work } from '../rounds.ts';
import { rates } from '../statistics.ts';
import { makeLenet } from '../subjects.ts';
import type { BenchSettings, GroupResult } from '../targets.ts';

/** One point of the picture. */
export interface SweepPoint {
  readonly runtime: string;
  readonly workers: number;
  readonly batch: number;
  /** Samples a second, median and best round. */
  readonly median: number;
  readonly best: number;
}

/** Certify against batch size and workers. */
export async function measure({ quick }: BenchSettings): Promise<GroupResult> {
  await useWasm({ threads: 1 });
  const runtimes: Record<string, CertifierData> = { WASM: {} };
  if (findRuntime() !== undefined) runtimes['onnxruntime'] = { onnx: await toOnnx(makeLenet()) };
  const pools: Pool[] = [];
  for (const [runtime, data] of Object.entries(runtimes)) {
    for (const workers of [1, 2]) pools.push({ runtime, workers, pool: await startCertifiers(workers, data) });
  }
  const points: SweepPoint[] = [];
  for (const batch of quick ? [1, 16] : [1, 4, 16, 64, 256, 1024]) {
    // About half a second a round: small batches are slow.
    const samples = quick ? 32 : Math.min(2048, Math.max(512, 2 * batch));
    const works = pools.map(({ pool }, i): [string, Work] => [
      String(i),
      () => certifyImages(pool, { images: 2, samples, batch }),
    ]);
    const seconds = await alternate(Object.fromEntries(works), { rounds: quick ? 1 : 5 });
    for (const [i, { runtime, workers }] of pools.entries()) {
      const { median, best } = rates(2 * samples, seconds[i]!);
      points.push({ runtime, workers, batch, median, best });
    }
  }
  await Promise.all(pools.map(({ pool }) => pool.close()));
  return { figures: { sweep: points } };
}

interface Pool {
  readonly runtime: string;
  readonly workers: number;
  readonly pool: WorkerCertifier;
}
