/**
 * Digits to pick from: a button for each.
 */
import type { LabelledDataset } from 'catrs/data';
import { element, picture } from './elements.ts';

/** Fills `parent` with the digits and tells which was picked. Gives a function that lifts the choice. */
export async function showChoices(
  parent: HTMLElement,
  digits: LabelledDataset,
  onPick: (image: Float32Array) => void,
): Promise<() => void> {
  const examples = await Promise.all(Array.from({ length: digits.size }, async (_, i) => digits.example(i)));
  const buttons = examples.map(({ x: image, label }) => {
    const button = element('button');
    button.type = 'button';
    button.ariaPressed = 'false';
    button.ariaLabel = `a handwritten ${label}`;
    button.append(picture(image, ''));
    button.addEventListener('click', () => {
      lift();
      button.ariaPressed = 'true';
      onPick(image);
    });
    return button;
  });
  const lift = (): void => buttons.forEach((button) => (button.ariaPressed = 'false'));
  parent.replaceChildren(...buttons);
  return lift;
}
