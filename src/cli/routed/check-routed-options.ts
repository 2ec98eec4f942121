import type { CertifySettings } from '../commands/certify.ts';
import { CliError } from '../io.ts';
import { checkNoiseChoice } from '../noise-options.ts';

/** A model with its noise. @internal */
export interface ExpertSettings {
  readonly model: string;
  readonly sigma: number;
}

/** Options of one model alone, and why. */
const OF_ONE_MODEL = {
  fromLog: ['--from-log', 'certify the experts and the router as changed models in code'],
  alphaZeta: ['--alpha-zeta', 'it is for --from-log'],
  until: ['--until', 'it is for --from-log; --radius proves a radius'],
  keepVotes: ['--keep-votes', 'votes are kept for --from-log, which takes one model'],
} as const;

/** The experts of a command line. Throws CliError for settings that no router with experts has. @internal */
export function expertsOf(settings: CertifySettings): readonly ExpertSettings[] {
  const { experts, expertSigmas, noise, sigma, workers, n0 } = settings;
  if (experts === undefined || expertSigmas === undefined) {
    const [missing, given] =
      experts === undefined
        ? ['--experts', `--expert-sigmas ${expertSigmas?.join(',')}`]
        : ['--expert-sigmas', `--experts ${experts}`];
    throw new CliError(`${missing} must be given with ${given} (a noise for each expert, and the router as --model)`);
  }
  const models = experts.split(',').map((model) => model.trim());
  if (models.length < 2 || models.includes('')) {
    const way = 'comma-separated; the same model may stand there twice, with two noises';
    throw new CliError(`--experts must be at least two models, got ${JSON.stringify(experts)} (${way})`);
  }
  if (expertSigmas.length !== models.length) {
    const got = `got ${expertSigmas.length} for ${models.length} experts`;
    throw new CliError(`--expert-sigmas must be a number for each of --experts, ${got} (${expertSigmas.join(',')})`);
  }
  const wrong = expertSigmas.find((value) => !(Math.fround(value) > 0 && Number.isFinite(Math.fround(value))));
  if (wrong !== undefined) throw new CliError(`--expert-sigmas must be numbers greater than 0, got ${wrong}`);
  if (noise !== 'gaussian' && noise !== 'sound-gaussian') {
    const way = 'RoutedClassifier takes other noises in code';
    throw new CliError(`--noise must be gaussian or sound-gaussian with --experts, got ${noise} (${way})`);
  }
  checkNoiseChoice(settings);
  if (typeof sigma === 'object') {
    const way = 'radii in other scales than those of the experts have no minimum';
    throw new CliError(`--sigma must be one number with --experts, got ${sigma.length} (${way})`);
  }
  for (const [name, [flag, way]] of Object.entries(OF_ONE_MODEL)) {
    const value = settings[name as keyof typeof OF_ONE_MODEL];
    if (value === undefined) continue;
    throw new CliError(`${flag} must be left out with --experts, got ${value} (${way})`);
  }
  if (n0 === 0) {
    throw new CliError('--n0 must be at least 1 with --experts, got 0 (samples of their own choose expert and class)');
  }
  if (workers > 1) {
    const way = 'each thread would hold all models: run --shard 0/2 and 1/2 as processes of their own, and catrs merge';
    throw new CliError(`--workers must be 1 with --experts, got ${workers} (${way})`);
  }
  return models.map((model, i) => ({ model, sigma: expertSigmas[i] as number }));
}
