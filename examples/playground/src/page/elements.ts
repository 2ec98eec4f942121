/**
 * Short forms for elements of the page.
 */

/** The element with an id, of the class that the page relies on. Throws if it is another. */
export function byId<E extends Element>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/** A new element with a class and a text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.textContent = text;
  return made;
}

/** A new SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>> = {},
): SVGElementTagNameMap[K] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** A canvas with grey values in [0, 1], 28 by 28. */
export function picture(image: Float32Array, label: string): HTMLCanvasElement {
  const canvas = element('canvas');
  canvas.width = canvas.height = 28;
  canvas.role = 'img';
  canvas.ariaLabel = label;
  paint(canvas, image);
  return canvas;
}

/** Paints grey values on a canvas of 28 by 28. */
export function paint(canvas: HTMLCanvasElement, image: Float32Array): void {
  const data = new ImageData(28, 28);
  image.forEach((grey, i) => data.data.set([255 * grey, 255 * grey, 255 * grey, 255], 4 * i));
  canvas.getContext('2d')?.putImageData(data, 0, 0);
}

/** A number with a fixed count of digits, cut off and never rounded up: a certificate must not look larger than it is. */
export function cut(value: number, digits: number): string {
  const scale = 10 ** digits;
  return (Math.floor(value * scale) / scale).toFixed(digits);
}

/** Changes a text where it is another: what is announced must not be announced twice. */
export function say(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}
