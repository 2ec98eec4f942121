import type { InputRange } from '../types.ts';
import { CliError } from './io.ts';
import type { OptionsOf } from './options.ts';

/** The denoiser in front of a classifier, and how a diffusion network is one. @internal */
export const denoiserOptions = {
  denoiser: {
    flags: '--denoiser <path>',
    help: 'model that takes the noise out of images first: of the kind of --model',
  },
  diffusion: {
    flags: '--diffusion <schedule>',
    help: 'the denoiser is a diffusion network of this schedule, run in one step: the one as noisy as sigma',
    choices: ['linear', 'cosine'],
  },
  diffusionSteps: { flags: '--diffusion-steps <count>', help: 'steps of the schedule (1000)', kind: 'positive' },
  predicts: {
    flags: '--predicts <what>',
    help: 'what the diffusion network predicts: the noise, the image or v (epsilon)',
    choices: ['epsilon', 'x0', 'v'],
  },
  rescaleTime: {
    flags: '--rescale-time <count>',
    help: 'the diffusion network takes times as if there were so many steps (1000 for those of guided diffusion)',
    kind: 'number',
  },
  timeInput: {
    flags: '--time-input <name>',
    help: 'input of the diffusion network that takes the time of the step (default: it takes none)',
  },
} as const;

/** The denoiser that a command line chooses. @internal */
export type DenoiserChoice = OptionsOf<typeof denoiserOptions>;

const OF_DIFFUSION = { diffusionSteps: '--diffusion-steps', predicts: '--predicts', rescaleTime: '--rescale-time', timeInput: '--time-input' } as const; // prettier-ignore

/** Throws CliError for options of a denoiser or of a diffusion without one, and for images that a diffusion network does not know. @internal */
export function checkDenoiserChoice(choice: DenoiserChoice & { readonly inputRange?: InputRange | undefined }): void {
  const { denoiser, diffusion, inputRange: [low, high] = [0, 1] } = choice;
  if (diffusion === undefined) {
    for (const [name, flag] of Object.entries(OF_DIFFUSION)) {
      if (choice[name as keyof typeof OF_DIFFUSION] === undefined) continue;
      throw new CliError(`${flag} must be given with --diffusion, the schedule of the network, got it without`);
    }
    return;
  }
  if (denoiser === undefined) throw new CliError('--denoiser must be given with --diffusion: the network, got none');
  if (low === 0 && high === 1) return;
  throw new CliError(
    `--input-range must be 0,1 with --diffusion, whose step is that of such images, got ${low},${high}`,
  );
}
