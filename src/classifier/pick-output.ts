import { ClassifierError, OptionError, refusal } from '../errors.ts';
import { isTensor } from '../tensors/assert-shapes.ts';
import { isLayersModel, isModel } from './adapt-classifier.ts';
import { withOrigin } from './origin.ts';
import type { Classifier, GraphModelLike, LogitsFn } from './types.ts';

/** One of several outputs of a model of TensorFlow.js, by its name, as a function of tensors. @internal */
export function pickOutput(call: string, model: Classifier, outputName: string): LogitsFn {
  const names = (model as { readonly outputNames?: unknown }).outputNames;
  const known: readonly unknown[] = Array.isArray(names) ? names : [];
  if (!isModel(model)) {
    const way = 'a function or a model of typed arrays picks its output itself';
    throw refusal(
      OptionError,
      { call, field: 'outputName', value: outputName, way },
      'must go with a model of TensorFlow.js',
    );
  }
  const place = known.indexOf(outputName);
  const signature = (model as { readonly signature?: { readonly outputs?: object } }).signature?.outputs ?? {};
  if (place < 0 && !Object.hasOwn(signature, outputName)) {
    const all = [...new Set([...known, ...Object.keys(signature)])].join(', ');
    throw refusal(OptionError, { call, field: 'outputName', value: outputName }, `must be one of the model's (${all})`);
  }
  const run: LogitsFn = (x, { training }) => {
    const found = isLayersModel(model)
      ? pick(model.apply(x, { training }), outputName, place)
      : pick((model as GraphModelLike).execute(x, nodeOf(signature, outputName)), outputName, 0);
    if (isTensor(found)) return found;
    throw refusal(
      ClassifierError,
      { call, field: 'model', value: found },
      `must return a tensor as output ${outputName}`,
    );
  };
  return withOrigin(run, { parts: [model] });
}

/** The node of a graph that computes an output of the signature. */
function nodeOf(signature: object, outputName: string): string {
  const info = (signature as Readonly<Record<string, { readonly name?: string }>>)[outputName];
  return info?.name ?? outputName;
}

function pick(returned: unknown, name: string, place: number): unknown {
  if (isTensor(returned)) return returned;
  if (Array.isArray(returned)) return returned[place];
  return (returned as Readonly<Record<string, unknown>> | null)?.[name];
}
