/**
 * Certifies one image and tells every bound on the way. The bounds hold at all times at once, so a person may end it whenever.
 */
import * as tf from '@tensorflow/tfjs';
import {
  anytimeRadius,
  type CertificationRule,
  createKey,
  GaussianNoise,
  SmoothedClassifier,
  type Stop,
  type Tally,
} from 'catrs';
import type { CertifyResult, Progress, Tasks, VotesState } from '../protocol.ts';
import type { Control } from './control.ts';

/** Votes between two looks: few at first, so that the first verdict comes soon. */
const CHECK_EVERY = 50;
const N0 = 50;
/** Every forward pass looks at so many noisy copies: the page sees votes come in many times a second. */
const BATCH_SIZE = 100;

/** The smoothed classifier of a network. */
export function smoothed(model: tf.LayersModel, sigma: number): SmoothedClassifier {
  return new SmoothedClassifier(model, {
    noise: new GaussianNoise({ sigma }),
    batchSize: BATCH_SIZE,
  });
}

/** Certifies one image. */
export async function certify(
  model: tf.LayersModel,
  { image, seed, settings }: Tasks['certify'],
  control: Control<Progress['certify']>,
): Promise<CertifyResult> {
  const { sigma, n, alpha } = settings;
  const x = tf.tensor3d(image, [28, 28, 1]);
  try {
    const { signal } = control;
    // Every look costs a message, so looks become rarer as votes add up: the bounds are as good.
    const checkEvery = n > 20_000 ? 2 * CHECK_EVERY : CHECK_EVERY;
    let last: VotesState = { counts: [], used: 0, candidate: -1, lower: 0, radius: 0 };
    const rule = watched(anytimeRadius({ stops: [whenAsked(control.isStopped)] }), (state) => {
      last = state;
      control.report(state);
    });
    const c = await smoothed(model, sigma).certify(x, {
      key: createKey(seed),
      n0: N0,
      n,
      alpha,
      rule,
      checkEvery,
      signal,
    });
    return { ...last, label: c.label, abstained: c.abstained, stop: c.stop, radius: c.radius, lower: c.pABar };
  } finally {
    x.dispose();
  }
}

/** A stop of one's own is a plain object: this one asks a person. */
function whenAsked(isStopped: () => boolean): Stop {
  return { name: 'a-person', parameters: {}, begin: () => isStopped };
}

/** The same rule, which shows its votes and what they prove at every check. */
function watched(rule: CertificationRule, show: (state: VotesState) => void): CertificationRule {
  return {
    ...rule,
    begin(context) {
      const run = rule.begin(context);
      const look = (tally: Tally): VotesState => {
        const { radius, lower } = run.result(tally);
        return { counts: [...tally.counts], used: tally.used, candidate: context.cAHat, lower: lower.p, radius };
      };
      return {
        check(tally) {
          const stop = run.check(tally);
          show(look(tally));
          return stop;
        },
        result: (tally) => run.result(tally),
      };
    },
  };
}
