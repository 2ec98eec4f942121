import type { Classifier, ClassifierOutput } from '../../classifier/types.ts';
import type { Noise } from '../../noise/types.ts';
import type { AdaptedTo } from '../adapt-model.ts';
import type { CertifySettings } from '../commands/certify.ts';
import type { OpenedTargets } from '../open-targets.ts';
import type { OutputTaskName } from './task-options.ts';

/** The settings of a run of a task. @internal */
export type OutputSettings = Omit<CertifySettings, 'task' | 'out'> & { readonly task: OutputTaskName };

/** What is known of a model once it has answered: what a smoothed model is made of, in each thread. @internal */
export interface ModelFacts extends AdaptedTo {
  /** Numbers in a row. */
  readonly numbers: number;
  /** Whether its rows are of any shape, and no classes. */
  readonly isOfRows: boolean;
}

/** The model and the noise that a certifier is made of, in each thread. @internal */
export interface CertifierParts extends ModelFacts {
  readonly model: Classifier;
  readonly noise: Noise;
  /** What the model returns, where that is classes. */
  readonly output: ClassifierOutput;
  /** What the task has prepared. */
  readonly prepared?: unknown;
}

/** What a task prepares itself from. @internal */
export interface PreparedFrom extends CertifierParts {
  readonly data: OpenedTargets;
}
