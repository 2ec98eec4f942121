import { smallest } from '../compared.ts';
import { Rivals, type SettingName } from '../rivals.ts';
import type { NetworkName } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult, type Measured } from '../targets.ts';
import { compareSteps } from '../training.ts';

const NATIVE: readonly SettingName[] = ['native2workers', 'native2threads'];
const WASM: readonly SettingName[] = ['wasm2workers'];

/** A CAT-RS step of the residual networks. Their batch normalisation makes every step attack all images. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const networks: readonly NetworkName[] = quick ? ['resnet8'] : ['resnet20', 'resnet110'];
  const names = [...NATIVE, ...WASM];
  const rivals = await Rivals.start(networks, names, quick);
  const native: Record<string, Measured> = {};
  const wasm: Record<string, Measured> = {};
  const figures: Record<string, unknown> = {};
  for (const network of networks) {
    const batch = quick ? 2 : 16;
    const rounds = roundsOf(settings, network === 'resnet20' ? 5 : 3);
    const compared = await compareSteps(rivals, {
      network,
      method: 'catrs',
      batch,
      names,
      dense: true,
      rounds,
      trials: 1,
    });
    native[network] = compared.best(NATIVE, rivals);
    wasm[network] = compared.best(WASM, rivals);
    figures[`CAT-RS step, ${network}, images/s`] = compared.rates();
  }
  rivals.close();
  return { targets: { P11: smallest(native), P11w: smallest(wasm) }, figures };
}
