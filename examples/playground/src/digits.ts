/**
 * Digits that come with the page.
 */
import { arrayDataset, decodeSafetensors, type LabelledDataset } from 'catrs/data';
import { PIXELS } from './protocol.ts';

/** Handwritten digits, grey values in [0, 1]: those of a file of the page. */
export function readDigits(bytes: Uint8Array): LabelledDataset {
  const { tensors } = decodeSafetensors(bytes);
  const [images, labels] = [tensors.get('images'), tensors.get('labels')];
  if (images?.dtype !== 'uint8' || images.data.length !== PIXELS * (labels?.data.length ?? 0)) {
    throw new Error('the file holds no digits');
  }
  return arrayDataset({ values: images.data, shape: [28, 28, 1], labels: labels?.data ?? [] });
}
