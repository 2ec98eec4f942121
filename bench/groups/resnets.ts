import { Compared, certifyWays, smallest } from '../compared.ts';
import { Rivals, type SettingName } from '../rivals.ts';
import { type NetworkName, SIGMA } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult, type Measured } from '../targets.ts';

const NATIVE: readonly SettingName[] = ['native2workers', 'native2threads', 'onnx2workers', 'onnx2threads'];
/** The deep one takes seconds: of each engine only the way that is faster with the other. */
const NATIVE_OF_DEEP: readonly SettingName[] = ['native2workers', 'onnx2workers'];
const BATCH = 128;

/** Certification with the residual networks of the papers. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const networks: readonly NetworkName[] = quick ? ['resnet8'] : ['resnet20', 'resnet110'];
  const rivals = await Rivals.start(networks, [...NATIVE, 'wasm2workers'], quick);
  const native: Record<string, Measured> = {};
  const wasm: Record<string, Measured> = {};
  const figures: Record<string, unknown> = {};
  for (const network of networks) {
    const batch = quick ? 16 : BATCH; // one of two workers needs 10 samples to certify anything
    const work = {
      work: 'certify',
      network,
      images: 2,
      samples: (network === 'resnet20' ? 4 : 2) * batch,
      batch,
    } as const;
    const units = work.images * work.samples;
    const ways = certifyWays(network, units, SIGMA, quick ? [16] : [64, 256, 1000]);
    const peer = await rivals.bestOfPeer(ways, 1);
    const natives = network === 'resnet110' ? NATIVE_OF_DEEP : NATIVE;
    const here = [...natives, 'wasm2workers' as const].filter((name) => rivals.has(name));
    const ours = Object.fromEntries(here.map((name) => [name, rivals.ours(name, work)]));
    const compared = await Compared.measure({
      ours,
      units,
      peer,
      rounds: roundsOf(settings, network === 'resnet20' ? 5 : 3),
    });
    native[network] = compared.best(natives, rivals);
    wasm[network] = compared.best(['wasm2workers'], rivals);
    figures[`certify, ${network}, samples/s`] = compared.rates();
  }
  rivals.close();
  return { targets: { P10: smallest(native), P10w: smallest(wasm) }, figures };
}
