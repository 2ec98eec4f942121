/**
 * What the person has set.
 */
import type { ModelName, Settings } from '../protocol.ts';
import { byId } from './elements.ts';

const sigma = (): HTMLInputElement => byId('sigma', HTMLInputElement);
const modelChoice = (): HTMLSelectElement => byId('models', HTMLSelectElement);

/** The settings of the smoothed classifier. */
export function readSettings(): Settings {
  return {
    sigma: Number(sigma().value),
    n: Number(byId('n', HTMLSelectElement).value),
    alpha: Number(byId('alpha', HTMLSelectElement).value),
  };
}

/** The models to ask. */
export function readModels(): ModelName[] {
  return modelChoice().value.split(',') as ModelName[];
}

/** Offers the model that was trained here. */
export function offerLiveModel(): void {
  const option = modelChoice().querySelector<HTMLOptionElement>('option[value="live"]');
  if (option !== null) option.disabled = false;
}

/** Shows the number beside a slider, now and whenever it moves. */
export function showValue(id: string): void {
  const [input, output] = [byId(id, HTMLInputElement), byId(`${id}-value`, HTMLOutputElement)];
  const show = (): void => void (output.value = Number(input.value).toFixed(2));
  input.addEventListener('input', show);
  show();
}

/** A fresh seed for the noise: nobody can have chosen the image to suit it. */
export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
