import { CliError } from './io.ts';
import type { OptionsOf } from './options.ts';

/** Which noise, and the options that each of them has. @internal */
export const noiseChoiceOptions = {
  noise: {
    flags: '--noise <name>',
    help: 'what makes the copies, and so what is certified: gaussian and sound-gaussian L2, uniform, laplace and splitting L1, band and block patches, ablation and bit-flip L0, deletion edits; blur, light, shift and blur-and-light the parameter of a transformation',
    choices: [
      'gaussian',
      'sound-gaussian',
      'uniform',
      'laplace',
      'splitting',
      'band',
      'block',
      'ablation',
      'bit-flip',
      'deletion',
      'blur',
      'light',
      'shift',
      'blur-and-light',
    ],
    fallback: 'gaussian',
  },
  sigma: {
    flags: '-s, --sigma <number>',
    help: 'gaussian, sound-gaussian: standard deviation, in units of the input range, one for all values or a list or file of one for each; shift: in pixels (needed)',
    kind: 'scales',
  },
  halfWidth: {
    flags: '--half-width <number>',
    help: 'splitting: half the distance of two splits; uniform: the farthest that a value is moved; in units of the input, uniform also as a list or file (needed)',
    kind: 'scales',
  },
  scale: {
    flags: '--scale <number>',
    help: 'laplace: mean distance that a value is moved, one for all or a list or file of one for each (needed)',
    kind: 'scales',
  },
  keep: {
    flags: '--keep <count|kind>',
    help: 'ablation: how many positions a copy shows (needed); band: columns, rows or rows+columns (columns)',
    kind: 'countOrFile',
  },
  bandSize: {
    flags: '--band-size <pixels>',
    help: 'band, block: width of what a copy shows, or height,width of a block (needed)',
    kind: 'numbers',
  },
  stride: {
    flags: '--stride <pixels>',
    help: 'band, block: pixels from one copy to the next, or rows,columns (1)',
    kind: 'numbers',
  },
  wrap: { flags: '--no-wrap', help: 'band, block: bands end at the border, and do not go on at the opposite one' },
  threshold: {
    flags: '--threshold <number>',
    help: 'band, block: a copy votes for every class of at least this softmax (default: for the largest logit)',
    kind: 'number',
  },
  encoding: {
    flags: '--encoding <name>',
    help: 'band, block, ablation: how copies show what is hidden (double: v and 1 - v; mask: a further channel; fill: --fill)',
    choices: ['double', 'mask', 'fill'],
  },
  fill: {
    flags: '--fill <list>',
    help: 'band, block, ablation with --encoding fill: the value of what is hidden, or one a channel',
    kind: 'numbers',
  },
  positions: {
    flags: '--positions <kind>',
    help: 'ablation: what counts as one position (pixels; tokens with --mask-id)',
    choices: ['pixels', 'values', 'tokens'],
  },
  maskId: { flags: '--mask-id <id>', help: 'ablation of tokens: the id of a hidden one', kind: 'count' },
  addition: { flags: '--addition <number>', help: 'bit-flip: probability that 0 becomes 1 (needed)', kind: 'number' },
  deletion: {
    flags: '--deletion <number>',
    help: 'bit-flip: probability that 1 becomes 0; deletion: that a token is left out (needed)',
    kind: 'number',
  },
  length: {
    flags: '--length <count>',
    help: 'deletion: tokens of an input, pads included (default: as the data has them)',
    kind: 'positive',
  },
  padId: { flags: '--pad-id <id>', help: 'deletion: the id behind the end of a sequence (needed)', kind: 'count' },
  blur: {
    flags: '--blur <number>',
    help: 'blur, blur-and-light: mean variance of the blur, in square pixels (needed)',
    kind: 'number',
  },
  blurLaw: {
    flags: '--blur-law <name>',
    help: 'blur: law of the variance (exponential)',
    choices: ['exponential', 'uniform', 'folded-normal'],
  },
  contrast: {
    flags: '--contrast <number>',
    help: 'light, blur-and-light: standard deviation of the logarithm of the contrast (needed)',
    kind: 'number',
  },
  brightness: {
    flags: '--brightness <number>',
    help: 'light, blur-and-light: standard deviation of the brightness, in units of the input range (needed)',
    kind: 'number',
  },
  pixelSigma: {
    flags: '--pixel-sigma <number>',
    help: 'shift: standard deviation of noise on the pixels behind the shift, in units of the input range (0)',
    kind: 'number',
  },
} as const;

/** A number itself, and of a list nothing. @internal */
export const oneNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** @internal */
export type NoiseName = (typeof noiseChoiceOptions.noise.choices)[number];

/** The noise that a command line chooses. @internal */
export type NoiseChoice = Partial<OptionsOf<typeof noiseChoiceOptions>>;

type NoiseOption = Exclude<keyof NoiseChoice, 'noise'>;

/** Options of the noises, and those that they cannot do without. */
const OPTIONS: Readonly<
  Record<NoiseName, { readonly needed: readonly NoiseOption[]; readonly more: readonly NoiseOption[] }>
> = {
  gaussian: { needed: ['sigma'], more: [] },
  'sound-gaussian': { needed: ['sigma'], more: [] },
  uniform: { needed: ['halfWidth'], more: [] },
  laplace: { needed: ['scale'], more: [] },
  splitting: { needed: ['halfWidth'], more: [] },
  band: { needed: ['bandSize'], more: ['keep', 'stride', 'wrap', 'threshold', 'encoding', 'fill'] },
  block: { needed: ['bandSize'], more: ['stride', 'wrap', 'threshold', 'encoding', 'fill'] },
  ablation: { needed: ['keep'], more: ['positions', 'encoding', 'fill', 'maskId'] },
  'bit-flip': { needed: ['addition', 'deletion'], more: [] },
  deletion: { needed: ['deletion', 'padId'], more: ['length'] },
  blur: { needed: ['blur'], more: ['blurLaw'] },
  light: { needed: ['contrast', 'brightness'], more: [] },
  shift: { needed: ['sigma'], more: ['pixelSigma'] },
  'blur-and-light': { needed: ['blur', 'contrast', 'brightness'], more: [] },
};

/** The fields of library options that these options stand for, for errors. @internal */
export const noiseFieldNames: Readonly<Record<string, string>> = {
  size: 'bandSize',
  'votes.threshold': 'threshold',
  votes: 'threshold',
  'encoding.fill': 'fill',
  law: 'blurLaw',
};

const flagOf = (option: NoiseOption): string => /--[\w-]+/.exec(noiseChoiceOptions[option].flags)?.[0] ?? option;

/** Options of a sampled run that say nothing where all copies are evaluated. */
const OF_SAMPLES = { n: '--n', n0: '--n0', alpha: '--alpha', radius: '--radius', worth: '--worth', adaptive: '--adaptive', prior: '--prior', keepVotes: '--keep-votes' } as const; // prettier-ignore

type SampleSettings = { readonly [Name in keyof typeof OF_SAMPLES]?: unknown };

/** Whether all copies of a noise are evaluated. */
const isEnumerated = ({ noise }: NoiseChoice): boolean => noise === 'band' || noise === 'block';

/** Whether data are whole numbers that are taken as they are: ids of tokens, or bits. @internal */
export function takesWholeNumbers({ noise, maskId, positions }: NoiseChoice): boolean {
  return noise === 'bit-flip' || noise === 'deletion' || maskId !== undefined || positions === 'tokens';
}

/** Throws CliError for an option of another noise, one that is missing, and what has no use where copies are not drawn. @internal */
export function checkNoiseChoice(choice: NoiseChoice & SampleSettings & { readonly inputRange?: unknown }): void {
  const { noise = 'gaussian' } = choice;
  const { needed, more } = OPTIONS[noise];
  const known = [...needed, ...more];
  for (const option of Object.keys(noiseChoiceOptions) as (NoiseOption | 'noise')[]) {
    // Of a switch that is turned off, true says nothing.
    if (option === 'noise' || choice[option] === undefined || choice[option] === true || known.includes(option))
      continue;
    throw new CliError(
      `${flagOf(option)} must be left out for --noise ${noise}, which has ${known.map(flagOf).join(', ')}`,
    );
  }
  for (const option of needed) {
    if (choice[option] === undefined) throw new CliError(`${flagOf(option)} must be given for --noise ${noise}`);
  }
  if (isEnumerated(choice)) {
    for (const [name, flag] of Object.entries(OF_SAMPLES)) {
      if (choice[name as keyof SampleSettings] === undefined) continue;
      throw new CliError(`${flag} must be left out for --noise ${noise}, whose copies are all evaluated`);
    }
  }
  checkEncoding(choice);
  // The blur of a chain has this name in the library too; alone it is called the mean.
  if (choice.blur !== undefined && !(Math.fround(choice.blur) > 0)) {
    throw new CliError(`--blur must be a number above 0, got ${choice.blur}`);
  }
  if (choice.inputRange === undefined || !takesWholeNumbers(choice)) return;
  throw new CliError(
    `--input-range must be left out for --noise ${noise} of whole numbers, which are taken as they are`,
  );
}

function checkEncoding({ noise, encoding, fill, maskId, positions, keep }: NoiseChoice): void {
  if (fill !== undefined && encoding !== 'fill') {
    throw new CliError('--fill must be given with --encoding fill, got it without');
  }
  if (encoding === 'fill' && fill === undefined) throw new CliError('--fill must be given with --encoding fill');
  if (positions === 'tokens' && maskId === undefined) {
    throw new CliError('--mask-id must be given with --positions tokens: the id of a hidden one');
  }
  const other = maskId === undefined ? undefined : (encoding ?? (positions === 'tokens' ? undefined : positions));
  if (other !== undefined) throw new CliError(`--mask-id must be left out with ${other}, as it is for tokens`);
  if (noise === 'ablation' && typeof keep !== 'number') {
    throw new CliError(`--keep must be a whole number of at least 1 for --noise ablation, got ${keep}`);
  }
}
