import { ownData } from '../host/own-data.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { Json, ProbabilityBound, UpperProbabilityBound } from '../types.ts';
import type { RuleRecord } from './types.ts';

/** What a stop may look at: where an {@link anytimeRadius} run stands. */
export interface StopState {
  /** Votes for the class so far. */
  readonly nA: number;
  /** Samples drawn so far. */
  readonly used: number;
  /** Best lower bound on the class probability so far. */
  readonly lower: ProbabilityBound;
  /** Best upper bound so far: what the radius could still become. Lower and upper bound hold together with probability 1 − alpha. */
  readonly upper: UpperProbabilityBound;
  /** Radius proven so far; -1 while nothing is, in a norm that counts changes. */
  readonly radius: number;
  /** Radius that the upper bound would give; -1 for none, in a norm that counts changes. */
  readonly upperRadius: number;
}

/**
 * When a sequential run may end: a plain object. The radius holds whatever the stop does, so it may depend on anything.
 *
 * To be remade from a log by `ruleOf`, and to give the same certificate again, it must be one of those of catrs.
 */
export interface Stop {
  /** Name in logs; it becomes `stop` of the certificate. */
  readonly name: string;
  /** Its parameters, in logs. */
  readonly parameters: Readonly<Record<string, Json>>;
  /** Starts on one example, before its estimation sample. The function is asked once at every multiple of `checkEvery`. */
  readonly begin: () => StopTest;
}

/** Whether a run ends at a check; a function is enough. */
export interface StopTest {
  /** Asked once at every check, in their order. */
  (state: StopState): boolean;
  /**
   * Whether it may hold where the run comes out the best: both bounds at least as close as they can be, after so many samples. What is drawn up to
   * the first such check is never in vain. Never a part of a result.
   * @defaultValue it may hold at any check
   */
  readonly mayHold?: (best: StopState) => boolean;
}

/** A test that the state of the moment alone decides, the sooner the closer the bounds. */
function monotone(holds: (state: StopState) => boolean): StopTest {
  return Object.assign((state: StopState) => holds(state), { mayHold: holds });
}

/** Options of {@link stopAtWidth}. */
export interface StopAtWidthOptions {
  /** How far the radius may still be from what it could become, in input units; greater than 0. */
  readonly width: number;
}

const stopAtWidthOptions = optionsOf<StopAtWidthOptions>()({ width: fields.positive });

/**
 * Stops once the radius is known to `width`: the radii of the upper and of the lower bound differ by at most that.
 *
 * @throws OptionError for an unknown name or another width
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: anytimeRadius({ stops: [stopAtWidth({ width: 0.05 })] }) });
 * ```
 */
export function stopAtWidth(options: StopAtWidthOptions): Stop {
  const { width } = stopAtWidthOptions.parse('stopAtWidth', options);
  return {
    name: 'stop-at-width',
    parameters: { width },
    begin: () => monotone(({ radius, upperRadius }) => upperRadius - radius <= width),
  };
}

/** Options of {@link stopAtRadius}. */
export interface StopAtRadiusOptions {
  /** The radius that is enough, in input units or changes; 0: whatever is proven is enough. */
  readonly radius: number;
}

const stopAtRadiusOptions = optionsOf<StopAtRadiusOptions>()({ radius: fields.nonNegative });

/**
 * Stops once a radius of at least `radius` is proven.
 *
 * Where the class probability is too low for it, this alone draws all n samples; `fixedRadius` also gives up early.
 *
 * @throws OptionError for an unknown name or another radius
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: anytimeRadius({ stops: [stopAtRadius({ radius: 0.3 })] }) });
 * ```
 */
export function stopAtRadius(options: StopAtRadiusOptions): Stop {
  const { radius } = stopAtRadiusOptions.parse('stopAtRadius', options);
  return {
    name: 'stop-at-radius',
    parameters: { radius },
    begin: () => monotone((state) => isReached(state, radius)),
  };
}

/** Whether a radius is proven; one of 0 says no more than that a class is. @internal */
export function isReached({ radius, lower }: Pick<StopState, 'radius' | 'lower'>, least: number): boolean {
  return radius >= least && (least > 0 || lower.p > 0.5);
}

/** Options of {@link stopAtSamples}. */
export interface StopAtSamplesOptions {
  /** How many samples are enough; an integer of at least 1. */
  readonly samples: number;
}

const stopAtSamplesOptions = optionsOf<StopAtSamplesOptions>()({ samples: fields.positiveInteger });

/**
 * Stops at the first check with at least `samples` samples drawn.
 *
 * @throws OptionError for an unknown name or another number
 * @example
 * ```ts
 * const c = await g.certify(image, { key, n: 2000, rule: anytimeRadius({ stops: [stopAtSamples({ samples: 500 })] }) });
 * ```
 */
export function stopAtSamples(options: StopAtSamplesOptions): Stop {
  const { samples } = stopAtSamplesOptions.parse('stopAtSamples', options);
  return {
    name: 'stop-at-samples',
    parameters: { samples },
    begin: () => monotone((state) => state.used >= samples),
  };
}

/** Options of {@link stopAtGain}. */
export interface StopAtGainOptions {
  /** Least growth of the radius that is worth going on, in input units. */
  readonly gain: number;
  /** Over how many samples. */
  readonly over: number;
}

const stopAtGainOptions = optionsOf<StopAtGainOptions>()({ gain: fields.positive, over: fields.positiveInteger });

/**
 * Stops when going on no longer pays: over the last `over` samples or more the radius grew by less than `gain`.
 *
 * At the start nothing is proven, so `over` must leave time for the first bound above 1/2; an example that has none by then abstains. In a norm that counts
 * changes the first proof, of radius 0, is a growth of 1 where a check before it proved nothing.
 *
 * @throws OptionError for an unknown name or a value outside its domain
 * @example
 * ```ts
 * const rule = anytimeRadius({ stops: [stopAtGain({ gain: 0.01, over: 1000 })] });
 * ```
 */
export function stopAtGain(options: StopAtGainOptions): Stop {
  const { gain, over } = stopAtGainOptions.parse('stopAtGain', options);
  return {
    name: 'stop-at-gain',
    parameters: { gain, over },
    begin: () => {
      const past = [{ used: 0, radius: 0 }]; // the last entry that is old enough, and all after it
      const holds = ({ used, radius }: StopState): boolean => {
        if (radius < 0) past[0] = { used: past[0]?.used ?? 0, radius }; // nothing is proven yet
        past.push({ used, radius });
        while ((past[1]?.used ?? Infinity) <= used - over) past.shift();
        const [old] = past;
        return old !== undefined && old.used <= used - over && radius - old.radius < gain;
      };
      // The radius never falls: it has already grown enough over what is old until then, or may not have.
      const mayHold = ({ used }: StopState): boolean => {
        const old = past.findLast((one) => one.used <= used - over);
        return old !== undefined && (past.at(-1)?.radius ?? 0) - old.radius < gain;
      };
      return Object.assign(holds, { mayHold });
    },
  };
}

/** Options of {@link stopAtDeadline}. */
export interface StopAtDeadlineOptions {
  /** Time from the start of the estimation sample. */
  readonly milliseconds: number;
  /**
   * The clock, in milliseconds.
   * @defaultValue performance.now
   */
  readonly now?: (() => number) | undefined;
}

const stopAtDeadlineOptions = optionsOf<StopAtDeadlineOptions>()({
  milliseconds: fields.nonNegative,
  now: fields.optional(fields.callback<() => number>('must be a function that gives milliseconds')),
});

/**
 * Stops at the first check after a time limit, counted for each example from the start of its estimation sample.
 *
 * The one stop that depends on the machine: run again, the same key may give another number of samples. The certificate holds
 * all the same, and it can be checked from its counts.
 *
 * @throws OptionError for an unknown name or a value outside its domain
 * @example
 * ```ts
 * const rule = anytimeRadius({ stops: [stopAtWidth({ width: 0.05 }), stopAtDeadline({ milliseconds: 2000 })] });
 * ```
 */
export function stopAtDeadline(options: StopAtDeadlineOptions): Stop {
  const { milliseconds, now = () => performance.now() } = stopAtDeadlineOptions.parse('stopAtDeadline', options);
  return {
    name: DEADLINE_NAME,
    parameters: { milliseconds },
    begin: () => {
      const start = now();
      return () => now() - start >= milliseconds;
    },
  };
}

/** Options of {@link allOf}. */
export interface AllOfOptions {
  /** The stops that must all hold; at least one. */
  readonly stops: readonly Stop[];
}

const isStop = (value: unknown): boolean =>
  fields.hasMethods(value, ['begin']) && 'name' in value && typeof value.name === 'string';

/** The check of a list of stops. @internal */
export const stopsField: fields.Field<readonly Stop[]> = fields.field<readonly Stop[]>(
  'must be a list of one or more stops (for example [stopAtWidth({ width: 0.05 })])',
  (v) => Array.isArray(v) && v.length > 0 && v.every(isStop),
);

const allOfOptions = optionsOf<AllOfOptions>()({ stops: stopsField });

/**
 * Stops at a check where all of these stops would. A list of stops, by contrast, means any of them.
 *
 * @throws OptionError for an unknown name or anything but a list of stops
 * @example
 * ```ts
 * const both = allOf({ stops: [stopAtRadius({ radius: 0.3 }), stopAtWidth({ width: 0.1 })] });
 * const rule = anytimeRadius({ stops: [both, stopAtSamples({ samples: 5000 })] });
 * ```
 */
export function allOf(options: AllOfOptions): Stop {
  const stops = ownStops(allOfOptions.parse('allOf', options).stops);
  return {
    name: 'all-of',
    parameters: { stops: stops.map(({ name, parameters }) => ({ name, parameters })) },
    begin: () => {
      const tests = stops.map((stop) => stop.begin());
      // Each is asked at every check, also after a `false` before it: some remember what they saw.
      const holds = (state: StopState): boolean => tests.map((test) => test(state)).every(Boolean);
      return Object.assign(holds, { mayHold: (best: StopState) => tests.every((test) => mayHold(test, best)) });
    },
  };
}

/** Whether a stop may hold in the best case; one that does not say may. @internal */
export function mayHold(test: StopTest, best: StopState): boolean {
  return test.mayHold?.(best) ?? true;
}

/** Stops as they are now: a rule asks them, and names them in its record, long after it was made. @internal */
export function ownStops(stops: readonly Stop[]): Stop[] {
  return stops.map((stop) => ({ name: stop.name, parameters: ownData(stop.parameters), begin: () => stop.begin() }));
}

/** Name of the one stop that depends on the machine. @internal */
export const DEADLINE_NAME = 'stop-at-deadline';

/** Whether a rule has a deadline, on its own or inside another stop: the same key may then give another number of samples. @internal */
export function hasDeadline({ parameters }: RuleRecord): boolean {
  return JSON.stringify(parameters).includes(`"${DEADLINE_NAME}"`);
}
