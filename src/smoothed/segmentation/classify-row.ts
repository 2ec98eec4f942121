import type { MaskLayout } from './mask-layout.ts';

/** How the numbers of a row lie: component after component, or class after class. */
type RowForm = Pick<MaskLayout, 'layout' | 'components' | 'channels' | 'threshold'>;

/**
 * Writes the class of each component of one row, the lowest index among equals; false if a logit is NaN or infinite, and then what is written means nothing.
 * @internal
 */
export function classifyRow(form: RowForm, logits: Float32Array, classes: Int32Array): boolean {
  const { layout, threshold } = form;
  if (threshold !== undefined) return aboveThreshold(logits, threshold, classes);
  return layout === 'nhwc' ? classesLast(form, logits, classes) : classesFirst(form, logits, classes);
}

// Sums of value − value are 0 for finite numbers and NaN for all others: one test for a whole row.

function aboveThreshold(logits: Float32Array, threshold: number, classes: Int32Array): boolean {
  let finite = 0;
  for (let i = 0; i < classes.length; i++) {
    const value = logits[i] as number;
    finite += value - value;
    classes[i] = value > threshold ? 1 : 0;
  }
  return finite === 0;
}

function classesLast({ channels }: RowForm, logits: Float32Array, classes: Int32Array): boolean {
  let finite = 0;
  for (let i = 0, at = 0; i < classes.length; i++) {
    let most = logits[at++] as number;
    let best = 0;
    finite += most - most;
    for (let c = 1; c < channels; c++) {
      const value = logits[at++] as number;
      finite += value - value;
      if (value > most) {
        most = value;
        best = c;
      }
    }
    classes[i] = best;
  }
  return finite === 0;
}

/** Class after class, so that memory is read in its order; a part of the components at a time stays in the cache. */
function classesFirst({ channels, components }: RowForm, logits: Float32Array, classes: Int32Array): boolean {
  let finite = 0;
  const most = new Float32Array(Math.min(components, AT_A_TIME));
  for (let begin = 0; begin < components; begin += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, components - begin);
    for (let i = 0; i < count; i++) {
      const value = logits[begin + i] as number;
      finite += value - value;
      most[i] = value;
      classes[begin + i] = 0;
    }
    for (let c = 1; c < channels; c++) {
      const at = c * components + begin;
      for (let i = 0; i < count; i++) {
        const value = logits[at + i] as number;
        finite += value - value;
        if (value > (most[i] as number)) {
          most[i] = value;
          classes[begin + i] = c;
        }
      }
    }
  }
  return finite === 0;
}

const AT_A_TIME = 4096;

/** Adds the softmax of each component of one row of finite logits: component after component. @internal */
export function softmaxOfRow(
  { layout, components, channels }: RowForm,
  logits: Float32Array,
  sums: Float32Array,
): void {
  const [step, between] = layout === 'nhwc' ? [1, channels] : [components, 1];
  const weights = new Float64Array(channels);
  for (let i = 0; i < components; i++) {
    const at = i * between;
    let most = -Infinity;
    for (let c = 0; c < channels; c++) most = Math.max(most, logits[at + c * step] as number);
    let total = 0;
    for (let c = 0; c < channels; c++) total += weights[c] = Math.exp((logits[at + c * step] as number) - most);
    for (let c = 0; c < channels; c++) sums[i * channels + c]! += (weights[c] as number) / total;
  }
}
