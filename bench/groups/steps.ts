import { methods } from 'catrs/recipes';
import { smallest } from '../compared.ts';
import { methodNames } from '../methods.ts';
import { Rivals, type SettingName } from '../rivals.ts';
import { significant } from '../statistics.ts';
import { FORWARD_FLOP } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult, type Measured } from '../targets.ts';
import { compareSteps, shareOfMasked, type StepComparison } from '../training.ts';

const NATIVE: readonly SettingName[] = ['native2workers', 'native2threads'];
const WASM: readonly SettingName[] = ['wasm2workers'];
/** A step that is soon done may not be worth sending weights for. */
const WASM_OF_OTHERS: readonly SettingName[] = [...WASM, 'wasm1thread'];

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
    const compared = await compareSteps(rivals, {
      ...given,
      names: [...names, 'wasm1thread'],
      method,
      dense: true,
      rounds: roundsOf(settings, 5),
    });
    const { title } = methods[method];
    others[title] = compared.best(WASM_OF_OTHERS, rivals);
    native[title] = compared.best(NATIVE, rivals).value;
    figures[title] = compared.rates();
  }
  rivals.close();
  const P9 = smallest(others);
  return {
    targets: {
      P3: sparse.best(NATIVE, rivals),
      P3d: limited(dense.best(NATIVE, rivals), rivals, dense.peerSeconds),
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

/**
 * Passes over one image in one step, each as dear as a forward pass: the attack's T·M forward and T·M input gradients, the clean and the
 * attacked noisy forward, and of both the gradients for inputs and for weights.
 */
const PASSES = 2 * 4 * 4 + 2 * 4 + 2 * 2 * 4;

/** What two cores could do at the speed of a matrix product. */
function limited(measured: Measured, { peer }: Rivals, peerSeconds: number | undefined): Measured {
  if (measured.value === null || typeof peer === 'string' || peerSeconds === undefined) return measured;
  const flops = 2e9 * peer.about['GFLOP/s of a product, one thread'];
  const limit = significant((flops / (PASSES * FORWARD_FLOP)) * peerSeconds);
  const limitBecause = `${PASSES} passes of ${significant(FORWARD_FLOP / 1e6)} MFLOP an image at the speed of PyTorch's matrix product, on 2 cores`;
  return { ...measured, limit, limitBecause };
}
