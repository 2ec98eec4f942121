/**
 * Digits to pick from: a button for each.
 */
import { type Digits, imageAt } from '../digits.ts';
import { element, picture } from './elements.ts';

/** Fills `parent` with the digits and tells which was picked. Returns a function that lifts the choice. */
export function showChoices(parent: HTMLElement, digits: Digits, onPick: (image: Float32Array) => void): () => void {
  const buttons = digits.labels.map((label, i) => {
    const image = imageAt(digits, i);
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
