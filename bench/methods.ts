import type { Classifier, TrainingLoss } from 'catrs';
import type * as tf from '@tensorflow/tfjs';
import { methods, presets, type PublishedMethod } from 'catrs/recipes';
import { noise, SIGMA } from './subjects.ts';

type Model = Classifier & tf.LayersModel;
type Values = Readonly<Record<string, number>>;

/** Options that let something begin late. */
const LATE = ['warmupEpochs', 'deferredEpochs'];

/** All seven methods. */
export const methodNames = Object.keys(presets.mnist[SIGMA]) as PublishedMethod[];

/**
 * What the papers' own code has for MNIST at this sigma, at its full length from the first epoch: the one place where both sides have their
 * options from.
 */
export function settingsOf(name: PublishedMethod): { readonly loss: Values; readonly attack?: Values } {
  const { loss, attack } = presets.mnist[SIGMA][name] as { readonly loss: Values; readonly attack?: Values };
  const late = LATE.filter((option) => option in loss).map((option) => [option, 0]);
  return { loss: { ...loss, ...(Object.fromEntries(late) as Values) }, ...(attack && { attack }) };
}

/** The loss on a model; `steps` in place of the published ones. */
export function lossOf(name: PublishedMethod, model: Model, steps?: number): TrainingLoss {
  const { loss, attack } = settingsOf(name);
  const used = attack && { ...attack, ...(steps !== undefined && { steps }) };
  return methods[name].make(model, { noise, loss, attack: used } as never);
}

/** The same options for twin/losses.py. */
export function twinOptions(name: PublishedMethod): Record<string, unknown> {
  const { loss, attack } = settingsOf(name);
  const own: Record<string, unknown> = Object.fromEntries(
    Object.entries(loss).filter(([option]) => ![...LATE, 'mode'].includes(option)),
  );
  if (name === 'macer') own['sigma'] = SIGMA;
  if (attack === undefined) return own;
  const { stepSize, mixStep, steps, epsilon } = attack;
  own['attack'] = name === 'smoothmix' ? { step_size: stepSize, mix_step: mixStep, steps } : { epsilon, steps };
  return own;
}
