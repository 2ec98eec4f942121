import { createKey, fillUniforms, foldIn, GaussianNoise, type Key, plannedRadius, type RuleContext } from 'catrs';
import { normalCdf } from 'catrs/stats';

const N = 100_000;
const CHECK_EVERY = 10;
const CLASSES = 2;
/** Checks whose votes are drawn at a time. */
const CHUNK = 500;

/** What planned decisions about one radius took. */
export interface PlannedCost {
  /** Mean number of samples of an image; there is no selection sample. */
  readonly samples: number;
  /** Share of the images for which the radius was certified. */
  readonly certified: number;
  /** Certificates of images whose class probability is too low for the radius. */
  readonly wrong: number;
}

/** `plannedRadius` as `catrs certify --radius` uses it, on votes of given class probabilities; each is simulated so many times. */
export function plannedCost(
  sigma: number,
  radius: number,
  probabilities: readonly number[],
  streams: number,
): PlannedCost {
  const noise = new GaussianNoise({ sigma });
  const rule = plannedRadius({ radius });
  const context: RuleContext = {
    countsSelection: [0, 0],
    cAHat: 0,
    n: N,
    n0: 0,
    alpha: 0.001,
    checkEvery: CHECK_EVERY,
    draw: 0.5,
    radius: (bound) => noise.radius(bound, { norm: 'l2', dimension: 3072 }),
  };
  const least = normalCdf(radius / sigma);
  const sums = { samples: 0, certified: 0, wrong: 0 };
  for (const [i, p] of probabilities.entries()) {
    for (let stream = 0; stream < streams; stream++) {
      const run = rule.begin(context);
      const tally = { counts: new Array<number>(CLASSES).fill(0), used: 0 };
      for (const hits of votes(foldIn(foldIn(createKey(45), i), stream), p)) {
        tally.counts[0]! += hits;
        tally.counts[1]! += CHECK_EVERY - hits;
        tally.used += CHECK_EVERY;
        if (run.check(tally) !== undefined || tally.used === N) break;
      }
      const result = run.result(tally);
      sums.samples += tally.used;
      if (result.radius < radius) continue;
      sums.certified++;
      // All other classes together are one here, so that either of the two can be certified.
      if ((result.cAHat === 0 ? p : 1 - p) < least) sums.wrong++;
    }
  }
  const runs = probabilities.length * streams;
  return { samples: sums.samples / runs, certified: sums.certified / runs, wrong: sums.wrong };
}

/** Votes for class 0 among each ten samples, for ever. */
function* votes(key: Key, p: number): Generator<number> {
  const uniforms = new Float32Array(CHUNK * CHECK_EVERY);
  for (let start = 0; ; start++) {
    fillUniforms(uniforms, { key, start, dimension: uniforms.length });
    for (let check = 0; check < CHUNK; check++) {
      let hits = 0;
      for (let i = 0; i < CHECK_EVERY; i++) if (uniforms[check * CHECK_EVERY + i]! >= 1 - p) hits++;
      yield hits;
    }
  }
}
