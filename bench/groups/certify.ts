import { Compared, certifyWays } from '../compared.ts';
import type { PassWork } from '../ours/setting.ts';
import { Rivals, type SettingName, settings as ways } from '../rivals.ts';
import { alternate } from '../rounds.ts';
import { median, pairedRatio, significant } from '../statistics.ts';
import { SIGMA } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult, type Measured } from '../targets.ts';

const BATCH = 256;
const WORKERS: readonly SettingName[] = ['native2workers', 'onnx2workers', 'wasm2workers', 'wasm1worker'];
const THREADS: readonly SettingName[] = ['native2threads', 'onnx2threads'];
const SINGLE: readonly SettingName[] = ['native1thread', 'onnx1thread', 'wasm1thread'];

/** Certification with a fixed n: engines, workers, and PyTorch's loop at its best, all in the same rounds. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const rivals = await Rivals.start(['lenet'], [...WORKERS, ...THREADS, ...SINGLE], quick);
  const batch = quick ? 16 : BATCH;
  const work = { work: 'certify', network: 'lenet', images: 4, samples: 8 * batch, batch } as const;
  const units = work.images * work.samples;
  const peerWays = certifyWays('lenet', units, SIGMA, quick ? [16] : [64, 256, 1000]);
  const peer = await rivals.bestOfPeer(peerWays, roundsOf(settings, 3));
  const here = [...WORKERS, ...THREADS].filter((name) => rivals.has(name));
  const ours = Object.fromEntries(here.map((name) => [name, rivals.ours(name, work)]));
  const compared = await Compared.measure({ ours, units, peer, rounds: roundsOf(settings, 9) });

  // Bare passes of one thread: what two cores could do at most is twice that.
  const count = units / batch;
  const passes = SINGLE.filter((name) => rivals.has(name));
  const forward = await alternate(
    Object.fromEntries(
      passes.map((name) => [name, rivals.ours(name, { work: 'forward', network: 'lenet', batch, count })]),
    ),
    { rounds: roundsOf(settings, 5) },
  );
  const gain = await twoProcesses(rivals, { work: 'forward', network: 'lenet', batch, count }, roundsOf(settings, 7));
  rivals.close();
  const limited = (measured: Measured, names: readonly SettingName[]): Measured => {
    const single = names.flatMap((name) =>
      forward[name] === undefined ? [] : [{ name, seconds: median(forward[name]) }],
    );
    if (measured.value === null || single.length === 0 || compared.peerSeconds === undefined) return measured;
    const { name, seconds } = single.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    const limit = significant((2 * compared.peerSeconds * units) / seconds);
    return { ...measured, limit, limitBecause: `two times the bare forward passes of ${ways[name].name}` };
  };
  return {
    targets: {
      P1: limited(compared.best(['native2workers', 'onnx2workers'], rivals), ['native1thread', 'onnx1thread']),
      P1w: limited(compared.best(['wasm2workers'], rivals), ['wasm1thread']),
      P7a: {
        value: compared.speedup('wasm1worker', 'wasm2workers'),
        limit: gain,
        limitBecause: 'two processes that share nothing, each with bare forward passes, against one',
      },
    },
    figures: { 'certify, LeNet, samples/s': compared.rates() },
  };
}

/** How much more two processes get done at once than one alone: what this machine gives for a second core. */
async function twoProcesses(rivals: Rivals, work: PassWork, rounds: number): Promise<number> {
  const [first, second] = [rivals.ours('wasm1thread', work), rivals.ours('wasm1worker', work)];
  const both = async (): Promise<number> => Math.max(...(await Promise.all([first(), second()])).map(Number));
  const seconds = await alternate({ alone: first, both }, { rounds });
  return significant(2 * pairedRatio(seconds.alone, seconds.both));
}
