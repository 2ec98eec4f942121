import { NoisePgd } from '../attacks/noise-pgd.ts';
import { SmoothMixPgd } from '../attacks/smooth-mix-pgd.ts';
import { SmoothedPgd } from '../attacks/smoothed-pgd.ts';
import type { Classifier } from '../classifier/types.ts';
import { OptionError, refusal } from '../errors.ts';
import { ConfidenceAwareLoss } from '../losses/confidence-aware-loss.ts';
import { ConsistencyLoss } from '../losses/consistency-loss.ts';
import { CopiesLoss } from '../losses/copies-loss.ts';
import { GaussianLoss } from '../losses/gaussian-loss.ts';
import { MacerLoss } from '../losses/macer-loss.ts';
import { SmoothAdvLoss } from '../losses/smooth-adv-loss.ts';
import { SmoothMixLoss } from '../losses/smooth-mix-loss.ts';
import { StabilityLoss } from '../losses/stability-loss.ts';
import type { AdditiveNoise, DeterministicNoise, Noise } from '../noise/types.ts';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { AttackPreset, MethodName, MethodPresets } from './preset-types.ts';
import { presets } from './presets.ts';

/** The noises that a method trains for: any for training on copies, additive ones for the others. */
export type MethodNoise<M extends MethodName = MethodName> = 'copies' extends M
  ? Noise | DeterministicNoise
  : AdditiveNoise;

/** Options of {@link TrainingMethod.make}. */
export interface MethodOptions<M extends MethodName = MethodName> {
  /** The noise of the smoothed classifier. */
  readonly noise: MethodNoise<M>;
  /**
   * Options of the loss, without `noise` and `attack`.
   * @defaultValue those of the method's `preset`, all of them
   */
  readonly loss?: MethodPresets[M]['loss'] | undefined;
  /**
   * Options of the attack, for a method that has one.
   * @defaultValue those of the method's `preset`, all of them
   */
  readonly attack?: (MethodPresets[M] extends AttackPreset<unknown, infer A> ? A : undefined) | undefined;
}

type LossOptionsOf<M extends MethodName> = NonNullable<MethodOptions<M>['loss']>;
type AttackOptionsOf<M extends MethodName> = NonNullable<MethodOptions<M>['attack']>;

const choices = {
  loss: fields.optional(fields.object<LossOptionsOf<MethodName>>('must be an object of options of the loss')),
  attack: fields.optional(fields.object<AttackOptionsOf<MethodName>>('must be an object of options of the attack')),
};
const additiveOptions = optionsOf<MethodOptions>()({ noise: fields.trainingNoise<MethodNoise>(), ...choices });
const anyOptions = optionsOf<MethodOptions>()({ noise: fields.noise<MethodNoise>(), ...choices });

/** The losses by the names of their methods. */
export interface MethodLosses {
  /** Cohen et al., 2019. */
  readonly gaussian: GaussianLoss;
  /** Li et al., 2019. */
  readonly stability: StabilityLoss;
  /** Salman et al., 2019. */
  readonly smoothadv: SmoothAdvLoss;
  /** Zhai et al., 2020. */
  readonly macer: MacerLoss;
  /** Jeong and Shin, 2020. */
  readonly consistency: ConsistencyLoss;
  /** Jeong et al., 2021. */
  readonly smoothmix: SmoothMixLoss;
  /** CAT-RS: Jeong, Kim and Shin, 2023. */
  readonly catrs: ConfidenceAwareLoss;
  /** Cross entropy of the copies of any noise. */
  readonly copies: CopiesLoss;
}

/** A training method of the field, as {@link methods} has it. */
export interface TrainingMethod<M extends MethodName = MethodName> {
  /** How papers write it. */
  readonly title: string;
  /** Its published settings for CIFAR-10 at σ = 0.25; of training on copies those of Gaussian training, which it is with that noise. */
  readonly preset: MethodPresets[M];
  /** Names of the options that `make` takes, for command lines and forms. */
  readonly options: {
    /** Those of the loss. */
    readonly loss: readonly string[];
    /** Those of the attack; none where the method has no attack. */
    readonly attack: readonly string[];
  };
  /**
   * The loss of the method on a classifier, with its attack.
   *
   * @throws OptionError for an option that the loss or the attack refuses, and for `attack` where the method has none
   */
  make(classifier: Classifier, options: MethodOptions<M>): MethodLosses[M];
}

/** What a method is made of: all options by name, false for one that does nothing here. Its loss is given checked options. */
interface MethodParts<M extends MethodName> {
  readonly title: string;
  readonly loss: Readonly<Record<keyof LossOptionsOf<M>, boolean>>;
  readonly attack?: Readonly<Record<keyof AttackOptionsOf<M>, boolean>>;
  readonly make: (
    classifier: Classifier,
    options: { readonly noise: MethodNoise<M>; readonly loss: LossOptionsOf<M>; readonly attack: AttackOptionsOf<M> },
  ) => MethodLosses[M];
}

function method<M extends MethodName>(name: M, { title, make, ...names }: MethodParts<M>): TrainingMethod<M> {
  const preset = presetOf(name);
  const published = 'attack' in preset ? preset.attack : undefined;
  return Object.freeze({
    title,
    preset,
    options: Object.freeze({
      loss: Object.freeze(namesIn(names.loss)),
      attack: Object.freeze(namesIn(names.attack ?? {})),
    }),
    make: (classifier: Classifier, options: MethodOptions<M>): MethodLosses[M] => {
      const call = `methods.${name}.make`;
      const schema = name === 'copies' ? anyOptions : additiveOptions;
      const { noise, loss = preset.loss, attack = published } = schema.parse(call, options as unknown as MethodOptions);
      if (published === undefined && attack !== undefined) {
        throw refusal(
          OptionError,
          { call, field: 'attack', value: attack, way: 'this method has none' },
          'must be left out',
        );
      }
      return make(classifier, {
        noise: noise as MethodNoise<M>,
        loss: loss as LossOptionsOf<M>,
        attack: attack as never,
      });
    },
  });
}

function presetOf<M extends MethodName>(name: M): MethodPresets[M] {
  const { gaussian, ...others } = presets.cifar10[0.25];
  const table: Omit<MethodPresets, 'copies'> = { gaussian, ...others };
  const notes = ['Nothing is published for any noise: these are the settings of Gaussian training.'];
  return { ...table, copies: { ...gaussian, notes } }[name];
}

function namesIn(options: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(options).filter((name) => options[name]);
}

/**
 * The seven training methods of the field by name, in the order of the tables of the papers, then training on copies.
 *
 * The method is one word in the host's loop: `methods[name].make(model, { noise })` is its loss with the published settings for CIFAR-10 at
 * σ = 0.25; `loss` and `attack` put others in their place, for example those of a preset. The seven take an additive noise, `copies` any.
 *
 * @example
 * ```ts
 * import { methods, presets } from 'catrs/recipes';
 *
 * const { loss: options, attack } = presets.mnist[0.25].catrs;
 * const catRs = methods.catrs.make(model, { noise, loss: options, attack });
 * console.assert(methods.catrs.title === 'CAT-RS' && Object.keys(methods).length === 8);
 * ```
 */
export const methods: { readonly [M in MethodName]: TrainingMethod<M> } = /* @__PURE__ */ Object.freeze({
  gaussian: /* @__PURE__ */ method('gaussian', {
    title: 'Gaussian',
    loss: { numNoise: true },
    make: (classifier, { noise, loss }) => new GaussianLoss(classifier, { noise, ...loss }),
  }),
  stability: /* @__PURE__ */ method('stability', {
    title: 'Stability',
    loss: { lambda: true, numNoise: true },
    make: (classifier, { noise, loss }) => new StabilityLoss(classifier, { noise, ...loss }),
  }),
  smoothadv: /* @__PURE__ */ method('smoothadv', {
    title: 'SmoothAdv',
    loss: { numNoise: true, warmupEpochs: true, inputRange: true },
    attack: {
      epsilon: true,
      steps: true,
      numNoise: true,
      stepSize: true,
      norm: true,
      gradientFree: true,
      order: true,
    },
    make: (classifier, { noise, loss, attack }) =>
      new SmoothAdvLoss(classifier, { noise, attack: new SmoothedPgd(attack), ...loss }),
  }),
  macer: /* @__PURE__ */ method('macer', {
    title: 'MACER',
    loss: { lambda: true, gamma: true, beta: true, numNoise: true, deferredEpochs: true },
    make: (classifier, { noise, loss }) => new MacerLoss(classifier, { noise, ...loss }),
  }),
  consistency: /* @__PURE__ */ method('consistency', {
    title: 'Consistency',
    loss: { lambda: true, eta: true, mode: true, numNoise: true, warmupEpochs: false, inputRange: false },
    make: (classifier, { noise, loss }) => new ConsistencyLoss(classifier, { noise, ...loss }),
  }),
  smoothmix: /* @__PURE__ */ method('smoothmix', {
    title: 'SmoothMix',
    loss: { eta: true, numNoise: true, warmupEpochs: true, inputRange: true, independentRows: true },
    attack: { stepSize: true, steps: true, mixStep: true, numNoise: true, epsilon: true },
    make: (classifier, { noise, loss, attack }) =>
      new SmoothMixLoss(classifier, { noise, attack: new SmoothMixPgd(attack), ...loss }),
  }),
  catrs: /* @__PURE__ */ method('catrs', {
    title: 'CAT-RS',
    loss: { lambda: true, numNoise: true, confidenceMask: true, epsilonSchedule: true, independentRows: true },
    attack: { epsilon: true, steps: true, stepSize: true },
    make: (classifier, { noise, loss, attack }) =>
      new ConfidenceAwareLoss(classifier, { noise, attack: new NoisePgd(attack), ...loss }),
  }),
  copies: /* @__PURE__ */ method('copies', {
    title: 'Copies',
    loss: { numNoise: true },
    make: (classifier, { noise, loss }) => new CopiesLoss(classifier, { noise, ...loss }),
  }),
});
