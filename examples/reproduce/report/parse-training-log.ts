/**
 * Reads the log of a training back.
 */
import { trainingLog } from '../training-log.ts';
import type { EpochRow } from '../training-log.ts';

/** The rows of the text of `trainingLog`. Throws an error that names the file and the line for any other text. */
export function parseTrainingLog(file: string, text: string): EpochRow[] {
  const [header, ...lines] = text.split('\n');
  if (`${header}\n` !== trainingLog([])) throw new Error(`${file} must begin with the header of a training log`);
  if (lines.pop() !== '') throw new Error(`${file} must end with a line end (it may be cut off)`);
  return lines.map((line, i) => {
    const [epoch = NaN, seconds = NaN, learningRate = NaN, trainingLoss = NaN, testLoss = NaN, percent = NaN] = line
      .split('\t')
      .map(Number);
    const row = { epoch, seconds, learningRate, trainingLoss, testLoss, testAccuracy: percent / 100 };
    // Whatever was not read exactly is not written again.
    if (epoch === i && trainingLog([row]) === `${header}\n${line}\n`) return row;
    throw new Error(`${file}, line ${i + 2} must be the row of epoch ${i}, got ${JSON.stringify(line)}`);
  });
}
