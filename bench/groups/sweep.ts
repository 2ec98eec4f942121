import { Rivals, type SettingName, settings as ways } from '../rivals.ts';
import { alternate } from '../rounds.ts';
import { rates } from '../statistics.ts';
import { roundsOf, type BenchSettings, type GroupResult } from '../targets.ts';

/** One point of the picture. */
export interface SweepPoint {
  readonly runtime: string;
  readonly workers: number;
  readonly batch: number;
  /** Samples a second, median and best round. */
  readonly median: number;
  readonly best: number;
}

const NAMES: readonly SettingName[] = ['native1worker', 'native2workers', 'onnx1worker', 'onnx2workers', 'wasm1worker', 'wasm2workers']; // prettier-ignore
const RUNTIMES = { tensorflow: 'TensorFlow', onnxruntime: 'onnxruntime', wasm: 'WASM', cpu: 'cpu' } as const;

/** Certify against batch size and workers. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const rivals = await Rivals.start(['lenet'], NAMES, quick);
  const here = NAMES.filter((name) => rivals.has(name));
  const points: SweepPoint[] = [];
  for (const batch of quick ? [1, 16] : [1, 4, 16, 64, 256, 1024]) {
    // About half a second a round: small batches are slow.
    const samples = quick ? 32 : Math.min(2048, Math.max(512, 2 * batch));
    const work = { work: 'certify', network: 'lenet', images: 2, samples, batch } as const;
    const works = here.map((name) => [name, rivals.ours(name, work)] as const);
    const seconds = await alternate(Object.fromEntries(works), { rounds: roundsOf(settings, 3) });
    for (const name of here) {
      const { engine, workers } = ways[name];
      const { median, best } = rates(2 * samples, seconds[name]!);
      points.push({ runtime: RUNTIMES[engine], workers, batch, median, best });
    }
  }
  rivals.close();
  return { figures: { sweep: points } };
}
