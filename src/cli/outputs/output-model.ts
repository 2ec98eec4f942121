import * as tf from '@tensorflow/tfjs';
import { adaptModel, isTypedClassifier } from '../../classifier/adapt-classifier.ts';
import { withOrigin } from '../../classifier/origin.ts';
import { pickOutput } from '../../classifier/pick-output.ts';
import type { Classifier, ClassifierOutput, TensorClassifier } from '../../classifier/types.ts';
import { CatrsError } from '../../errors.ts';
import { adaptedClassifier, type AdaptedTo } from '../adapt-model.ts';
import { behindDenoiser } from '../behind-denoiser.ts';
import type { ModelOptions } from '../common-options.ts';
import { CliError } from '../io.ts';
import type { OpenedClassifier } from '../open-model.ts';
import { boxesModel } from './boxes-model.ts';
import type { OutputSettings } from './output-settings.ts';

/** The model of a command behind the steps that bring noisy copies to it. @internal */
export interface OutputModel {
  readonly model: Classifier;
  /** What `cpu` computes of it, where another runtime has it. */
  readonly reference: TensorClassifier | undefined;
  /** What it returns, where that is classes. */
  readonly output: ClassifierOutput;
}

/** What of an opened model its outputs are read of. @internal */
export type OpenedModel = Pick<OpenedClassifier, 'classifier' | 'denoiser' | 'source' | 'detector'>;

/** The model of a command as its outputs are read; of several the one that is named. @internal */
export function outputModel(
  { classifier, denoiser, source, detector }: OpenedModel,
  settings: OutputSettings,
  to: AdaptedTo,
): OutputModel {
  if (detector) return { model: boxesModel(detector, settings, to), reference: undefined, output: 'logits' };
  const built = (model: Classifier, before: OpenedClassifier['denoiser']): Omit<OutputModel, 'reference'> => {
    const { classifier: adapted, output } = adaptedClassifier(settings.model, named(model, settings), settings, to);
    return { model: behindDenoiser(adapted, { denoiser: before }, settings, to), output };
  };
  const reference = source && built(source.classifier, source.denoiser).model;
  return { ...built(classifier, denoiser), reference: reference as TensorClassifier | undefined };
}

/** The output that `--output-name` names; an ONNX file has picked it already. */
function named(model: Classifier, { model: path, outputName }: ModelOptions): Classifier {
  if (outputName === undefined || isTypedClassifier(model)) return model;
  try {
    return pickOutput('catrs', model, outputName);
  } catch (error) {
    if (!(error instanceof CatrsError)) throw error;
    throw new CliError(`${path}: ${error.message.slice('catrs: '.length).replace('`outputName`', '--output-name')}`);
  }
}

/** A model whose rows are flat and have two numbers at least, as whatever compares backends wants them. @internal */
export function asColumns(model: Classifier): Classifier {
  if (isTypedClassifier(model)) {
    return {
      ...model,
      classify: async (inputs, batch) => {
        const values = await model.classify(inputs, batch);
        if (values.length !== batch.batch) return values;
        return Float32Array.from({ length: 2 * batch.batch }, (_, i) => (i % 2 === 0 ? (values[i / 2] as number) : 0));
      },
    };
  }
  const run = adaptModel('catrs', model, { field: 'model', result: 'outputs' });
  return withOrigin(
    (x, mode) =>
      tf.tidy(() => {
        const [batch = 0] = x.shape;
        const rows = tf.reshape(run(x, mode), [batch, -1]) as tf.Tensor2D;
        return rows.shape[1] === 1
          ? tf.pad(rows, [
              [0, 0],
              [0, 1],
            ])
          : rows;
      }),
    { parts: [model] },
  );
}
