import type { PredictedRow } from '../evaluate/rows.ts';
import { clopperPearsonLowerBound, clopperPearsonUpperBound } from '../stats/clopper-pearson.ts';

/** A share of the images, with its interval at 95 % over the choice of images. */
interface Share {
  readonly share: number;
  readonly interval: readonly [number, number];
}

/** What is said about one log of predictions: nothing in it is certified. @internal */
export interface PredictionAnalysis {
  readonly name: string;
  readonly file: string;
  readonly images: number;
  /** Correct predictions of the smoothed classifier; an abstention is none. */
  readonly empiricalAccuracy: Share;
  readonly abstained: Share;
  /** Correct predictions of the base classifier without noise, in logs that have them. */
  readonly baseAccuracy: Share | undefined;
  readonly meanMilliseconds: number;
}

/** The figures of a log of predictions. @internal */
export function predictionAnalysisOf(name: string, file: string, rows: readonly PredictedRow[]): PredictionAnalysis {
  const shareOf = (holds: (row: PredictedRow) => boolean): Share => share(rows.filter(holds).length, rows.length);
  return {
    name,
    file,
    images: rows.length,
    empiricalAccuracy: shareOf(({ correct }) => correct),
    abstained: shareOf(({ abstained }) => abstained),
    baseAccuracy: rows.every(({ basePredicted }) => basePredicted !== undefined)
      ? shareOf(({ basePredicted, label }) => basePredicted === label)
      : undefined,
    meanMilliseconds: rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / rows.length,
  };
}

function share(count: number, all: number): Share {
  const low = clopperPearsonLowerBound(count, all, 0.025).p;
  return { share: count / all, interval: [low, clopperPearsonUpperBound(count, all, 0.025).p] };
}

/** The figures for people. @internal */
export function predictionText(analysis: PredictionAnalysis): string {
  const { name, images, empiricalAccuracy, abstained, baseAccuracy, meanMilliseconds } = analysis;
  const line = (what: string, { share: value, interval: [low, high] }: Share): string => {
    const percent = (one: number): string => (100 * one).toFixed(1);
    return `  ${what} ${percent(value)} % (95 %: ${percent(low)} to ${percent(high)})`;
  };
  return [
    `${name}: ${images} images, predictions without certificates`,
    line('empirical accuracy', empiricalAccuracy),
    line('abstained', abstained),
    ...(baseAccuracy ? [line('accuracy of the base classifier without noise', baseAccuracy)] : []),
    `  an image: ${(meanMilliseconds / 1000).toFixed(3)} s`,
    '',
  ].join('\n');
}
