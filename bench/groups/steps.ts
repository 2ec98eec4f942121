import { methods } from 'catrs/recipes';
import { smallest } from '../compared.ts';
import { methodNames } from '../methods.ts';
import { Rivals, type SettingName } from '../rivals.ts';
import { significant } from '../statistics.ts';
import { roundsOf, type BenchSettings, type GroupResult, type Measured } from '../targets.ts';
import { compareSteps, shareOfMasked, type StepComparison } from '../training.ts';

const NATIVE: readonly SettingName[] = ['native2workers', 'native2threads'];
const WASM: readonly SettingName[] = ['wasm2workers'];

/** A training step of each of the seven losses on LeNet, two cores, against PyTorch. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const names = [...NATIVE, ...WASM];
  const rivals = await Rivals.start(['lenet'], [...names, 'wasm1thread'], quick);
  const given = { network: 'lenet', batch: quick ? 4 : 64, names, trials: roundsOf(settings, 3) } as const;
  const catrs: StepComparison = { ...given, method: 'catrs', dense: true, rounds: roundsOf(settings, 9) };
  const share = await shareOfMasked(rivals, { ...catrs, names: ['wasm1thread'], rounds: roundsOf(settings, 4) });
  const dense = await compareSteps(rivals, catrs);
  const sparse = await compareSteps(rivals, { ...catrs, dense: false });
  const others: Record<string, Measured> = {};
  const native: Record<string, number | null> = {};
  const figures: Record<string, unknown> = {};
  for (const method of methodNames.filter((name) => name !== 'catrs')) {
    const compared = await compareSteps(rivals, { ...given, method, dense: true, rounds: roundsOf(settings, 5) });
    const { title } = methods[method];
    others[title] = compared.best(WASM, rivals);
    native[title] = compared.best(NATIVE, rivals).value;
    figures[title] = compared.rates();
  }
  rivals.close();
  const P9 = smallest(others);
  return {
    targets: {
      P3: sparse.best(NATIVE, rivals),
      P3d: dense.best(NATIVE, rivals),
      P3w: sparse.best(WASM, rivals),
      P9: { ...P9, details: { ...(P9.details as object), native } },
    },
    figures: {
      'CAT-RS step, LeNet, images/s': {
        'share of images with K = M': share === undefined ? null : significant(share),
        'only images with K = M attacked': sparse.rates(),
        'all images attacked': { ...dense.rates(), 'WASM against PyTorch': dense.best(WASM, rivals).value },
      },
      'steps of the other losses, LeNet, images/s': figures,
    },
  };
}
