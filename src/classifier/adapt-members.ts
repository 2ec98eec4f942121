import * as tf from '@tensorflow/tfjs';
import { ClassifierError, OptionError, refusal } from '../errors.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import { adaptModel, isTypedClassifier } from './adapt-classifier.ts';
import { keptOf, rowsOf } from './ask-rows.ts';
import { logarithmsOf, originOf, type TypedOutputs, type TypedOutputsFn, withOrigin } from './origin.ts';
import { type Declared, typedClassifierOf, typedOutputsOf, valuesOf } from './typed-outputs.ts';
import type { Classifier, ClassifyOptions, LogitsFn, TensorClassifier, TypedBatch, TypedClassifier } from './types.ts';

/** What a member says of a batch. @internal */
export interface MemberOutputs {
  /** Its logits, [batch, numClasses]. */
  readonly logits: tf.Tensor;
  /** Its probabilities, where it has them and its logits are their logarithms. */
  readonly probabilities: tf.Tensor | undefined;
}

/** How the outputs of members become those of one classifier; inside a tidy. @internal */
export interface Combination {
  readonly logits: (members: readonly MemberOutputs[]) => tf.Tensor;
  /** The probabilities of which votes are taken, where the logits are their logarithms. */
  readonly probabilities?: ((members: readonly MemberOutputs[]) => tf.Tensor) | undefined;
  /**
   * Of typed arrays, which can be waited for: after each of these numbers of members it is asked which rows, 1 for each, the others change nothing of, and
   * these are asked for the other rows only. For a decided row the others count as if they said what the first member says.
   */
  readonly exit?:
    | { readonly after: readonly number[]; readonly isDecided: (members: readonly MemberOutputs[]) => tf.Tensor }
    | undefined;
}

/** Makes one classifier of several, whose logits must have one shape. @internal */
export function combine(
  call: string,
  members: readonly Classifier[],
  combination: Combination,
): LogitsFn | TypedClassifier {
  assertMembers(call, members);
  const typed = members.filter((member) => isTypedClassifier(member));
  if (typed.length === 0) return combineTensors(call, members as readonly TensorClassifier[], combination);
  if (typed.length === members.length) return combineTyped(call, typed, combination);
  for (const member of members)
    if (!isTypedClassifier(member)) adaptModel(call, member, { field: 'members', result: 'logits' });
  const got = `${typed.length} of ${members.length} of typed arrays`;
  const way = 'give a model of tensors as an object with a method `classify`, or the other as a model of tfjs';
  const must = 'must be all of tensors or all of typed arrays';
  throw refusal(OptionError, { call, field: 'members', value: members, got, way }, must);
}

/** Throws OptionError unless it is a list of something. @internal */
export function assertMembers(call: string, members: unknown): void {
  if (Array.isArray(members) && members.length > 0) return;
  throw refusal(OptionError, { call, field: 'members', value: members }, 'must be a list of at least one classifier');
}

function combineTensors(
  call: string,
  members: readonly TensorClassifier[],
  { logits, probabilities }: Combination,
): LogitsFn {
  const runs = members.map((member) => adaptModel(call, member, { field: 'members', result: 'logits' }));
  const run = (x: tf.Tensor, mode: ClassifyOptions): MemberOutputs[] => {
    const found = runs.map((one): MemberOutputs => {
      const outputs = originOf(one)?.outputs?.(x, mode);
      return { logits: outputs?.logits() ?? one(x, mode), probabilities: outputs?.probabilities };
    });
    assertOneShape(
      call,
      found.map((one) => one.logits.shape),
      x.shape[0],
    );
    return found;
  };
  if (!probabilities) return withOrigin<LogitsFn>((x, mode) => tf.tidy(() => logits(run(x, mode))), { parts: members });
  return logarithmsOf((x, mode) => {
    const found = run(x, mode);
    return { probabilities: probabilities(found), logits: () => logits(found) };
  }, members);
}

function combineTyped(call: string, members: readonly TypedClassifier[], combination: Combination): TypedClassifier {
  const { logits, probabilities, exit } = combination;
  const asks = members.map((member) => typedOutputsOf(call, member));
  const outputs: TypedOutputsFn = async (inputs, batch) => {
    const found = await askAll({ call, asks, exit }, inputs, batch);
    const pass = { call, shape: [batch.batch, ...batch.shape] };
    const [z, p] = await valuesOf(pass, () => {
      const tensors = tensorsOf(found, batch.batch);
      return [logits(tensors), ...(probabilities ? [probabilities(tensors)] : [])];
    });
    return { logits: z as Float32Array, probabilities: p };
  };
  return typedClassifierOf(outputs, {
    ...declaredOf(call, members),
    parts: members,
    hasProbabilities: probabilities !== undefined,
  });
}

interface Asked extends Pick<Combination, 'exit'> {
  readonly call: string;
  readonly asks: readonly TypedOutputsFn[];
}

/** Asks one member after the other; each may write into its inputs. */
async function askAll(
  { call, asks, exit }: Asked,
  inputs: Float32Array<ArrayBuffer>,
  { batch, shape, kept }: TypedBatch,
): Promise<TypedOutputs[]> {
  const size = inputs.length / batch;
  const found: TypedOutputs[] = [];
  let rows = Array.from({ length: batch }, (_, row) => row);
  for (const [i, ask] of asks.entries()) {
    if (exit?.after.includes(i) && rows.length > 0) {
      const pass = { call, shape: [batch, ...shape] };
      const [decided] = await valuesOf(pass, () => [exit.isDecided(tensorsOf(found, batch))]);
      rows = rows.filter((row) => decided?.[row] !== 1);
    }
    const [first] = found;
    // The rows that are decided get what the first member says.
    if (rows.length === 0 && first) found.push(first);
    else {
      const part = await ask(rowsOf(inputs, rows, size), {
        batch: rows.length,
        shape,
        ...keptOf({ batch, kept }, rows),
      });
      found.push(rows.length === batch || !first ? part : withRows(first, part, { rows, batch }));
    }
    assertOneShape(
      call,
      found.map((one) => [batch, one.logits.length / batch]),
      batch,
    );
  }
  return found;
}

/** Outputs of a batch, some of its rows those of another. */
function withRows(
  all: TypedOutputs,
  part: TypedOutputs,
  { rows, batch }: { readonly rows: readonly number[]; readonly batch: number },
): TypedOutputs {
  const put = (values: Float32Array, some: Float32Array): Float32Array => {
    const columns = some.length / rows.length;
    const joined = columns * batch === values.length ? new Float32Array(values) : new Float32Array(columns * batch);
    rows.forEach((row, i) => joined.set(some.subarray(i * columns, (i + 1) * columns), row * columns));
    return joined;
  };
  const { probabilities } = part;
  return {
    logits: put(all.logits, part.logits),
    probabilities: probabilities && put(all.probabilities ?? all.logits, probabilities),
  };
}

function tensorsOf(outputs: readonly TypedOutputs[], batch: number): MemberOutputs[] {
  const tensor = (values: Float32Array): tf.Tensor => tensorOver(values, [batch, values.length / batch], 'float32');
  return outputs.map(({ logits, probabilities }) => ({
    logits: tensor(logits),
    probabilities: probabilities && tensor(probabilities),
  }));
}

/** What all members declare. Throws OptionError where two contradict each other. */
function declaredOf(call: string, members: readonly TypedClassifier[]): Declared {
  const common = <Name extends keyof Declared>(name: Name): Declared[Name] => {
    const values = members.map((member) => member[name]).filter((value) => value !== undefined);
    const texts = [...new Set(values.map((value) => JSON.stringify(value)))];
    if (texts.length < 2) return values[0] as Declared[Name];
    const details = { call, field: 'members', value: texts, got: texts.join(' and ') };
    throw refusal(OptionError, details, `must have one \`${name}\``);
  };
  return { inputShape: common('inputShape'), numClasses: common('numClasses'), inputRange: common('inputRange') };
}

function assertOneShape(call: string, shapes: readonly (readonly number[])[], batch: number | undefined): void {
  const [first] = shapes;
  for (const shape of shapes) {
    if (shape.length === 2 && shape[0] === batch && shape[1] === first?.[1]) continue;
    const got = `[${shape}] beside [${first}] for ${batch} rows`;
    const must = 'must return logits of one shape [batch, numClasses]';
    throw refusal(ClassifierError, { call, field: 'members', value: shape, got }, must);
  }
}

/** Of which entries a member's vote is taken: logarithms of nearly equal probabilities can be equal. @internal */
export function voteOf({ logits, probabilities }: MemberOutputs): tf.Tensor {
  return probabilities ?? logits;
}

/** Σ_i w_i t_i of tensors of one shape. @internal */
export function weightedSum(tensors: readonly tf.Tensor[], weights: readonly number[]): tf.Tensor {
  const [first, ...others] = tensors.map((tensor, i) => tf.mul(tensor, weights[i] ?? 0));
  return others.reduce((sum, tensor) => tf.add(sum, tensor), first ?? tf.scalar(0));
}
