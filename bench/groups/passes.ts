import { Compared } from '../compared.ts';
import type { OursWork } from '../ours/setting.ts';
import { type PeerWay, Rivals, type SettingName } from '../rivals.ts';
import { matMulGflops, matMulSeconds } from '../mat-mul.ts';
import { significant } from '../statistics.ts';
import { SIGMA } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult } from '../targets.ts';

const NAMES: readonly SettingName[] = ['native2threads', 'onnx2threads', 'wasm1thread', 'cpu'];
/** The backend `cpu` takes so many times longer that it gets less to do. */
const LESS = 16;

interface Piece {
  readonly units: number;
  readonly ours: (batch: number) => OursWork;
  readonly peer: (batch: number) => { readonly work: string } & Record<string, unknown>;
  /** Units that PyTorch does at a batch size. */
  readonly peerUnits: (batch: number) => number;
  /** Engines that can. */
  readonly names: readonly SettingName[];
}

/** Forward passes, gradients, an attack and predictions, in one process of each engine and in PyTorch. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const rivals = await Rivals.start(['lenet'], NAMES, quick);
  const batch = quick ? 16 : 256;
  const pieces = piecesOf(quick);
  const figures: Record<string, unknown> = {};
  for (const [name, { ours, peer, units, peerUnits, names }] of Object.entries(pieces)) {
    const sizes = quick ? [batch] : [64, 256, 1000];
    const ways = sizes.map((size): [string, PeerWay] => [
      `batch ${size}, two threads`,
      { cores: 'two threads', work: { ...peer(size), on: 'lenet' }, units: peerUnits(size) },
    ]);
    const here = names.filter((each) => rivals.has(each) && each !== 'cpu');
    const best = await rivals.bestOfPeer(Object.fromEntries(ways), roundsOf(settings, 2));
    const works = Object.fromEntries(here.map((each) => [each, rivals.ours(each, ours(batch))]));
    const compared = await Compared.measure({ ours: works, units, peer: best, rounds: roundsOf(settings, 7) });
    const ratios = Object.fromEntries(here.map((each) => [each, compared.ratio(each) ?? null]));
    const cpu = names.includes('cpu') ? await slowRate(rivals, ours(batch / LESS), units / LESS) : undefined;
    figures[`${name}/s`] = {
      ...compared.rates(),
      ...(cpu !== undefined && { 'cpu, 1 thread': cpu }),
      'times PyTorch': ratios,
    };
  }
  const product = await matMulSeconds(quick ? 64 : 1024);
  figures['GFLOP/s of a product'] = {
    'WASM, 1 thread': significant(matMulGflops(quick ? 64 : 1024, product)),
    PyTorch: typeof rivals.peer === 'string' ? null : rivals.peer.about['GFLOP/s of a product, one thread'],
  };
  rivals.close();
  return { figures: { 'passes of LeNet in one process': figures } };
}

/** One measurement of the slow backend. */
async function slowRate(rivals: Rivals, work: OursWork, units: number): Promise<number> {
  await rivals.ours('cpu', work)();
  return significant(units / ((await rivals.ours('cpu', work)()) as number));
}

function piecesOf(quick: boolean): Record<string, Piece> {
  const network = 'lenet';
  const batch = quick ? 16 : 256;
  const tensors: readonly SettingName[] = ['native2threads', 'wasm1thread', 'cpu'];
  const attack = { copies: 4, epsilon: 0.5, steps: quick ? 2 : 10 };
  const samples = quick ? 16 : 1024;
  return {
    'forward passes, images': {
      units: batch,
      ours: (size) => ({ work: 'forward', network, batch: size, count: 1 }),
      peer: (size) => ({ work: 'forward', batch: size, count: 1 }),
      peerUnits: (size) => size,
      names: tensors,
    },
    'gradients with respect to the input, images': {
      units: batch,
      ours: (size) => ({ work: 'gradient', network, batch: size, count: 1 }),
      peer: (size) => ({ work: 'gradient', batch: size, count: 1 }),
      peerUnits: (size) => size,
      names: tensors,
    },
    'attack with 4 copies and 10 steps, images': {
      units: batch,
      ours: (size) => ({ work: 'attack', network, batch: size, ...attack }),
      peer: (size) => ({ work: 'attack', batch: size, sigma: SIGMA, ...attack }),
      peerUnits: (size) => size,
      names: tensors.filter((each) => each !== 'cpu'),
    },
    'predict, samples': {
      units: 2 * samples,
      ours: (size) => ({ work: 'predict', network, images: 2, samples, batch: size }),
      peer: (size) => ({ work: 'predict', images: 2, samples: Math.max(size, samples), batch: size, sigma: SIGMA }),
      peerUnits: (size) => 2 * size * Math.max(1, Math.floor(samples / size)),
      names: ['native2threads', 'onnx2threads', 'wasm1thread'],
    },
  };
}
