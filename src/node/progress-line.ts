import type { RunProgress } from './run-progress.ts';

/**
 * One line about a run for people, without line end: how far it is, what it has found, and the time left.
 *
 * @example
 * ```ts
 * const onProgress = (progress) => process.stderr.write(`${progressLine(progress)}\n`);
 * // 120/500 24 %, accuracy 91.7 %, 3 abstained, 1240 samples per image, 3 min 05 s left
 * ```
 */
export function progressLine(progress: RunProgress): string {
  const { done, total, accuracy, abstained, meanSamples, millisecondsLeft } = progress;
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const found = [
    `accuracy ${(100 * accuracy).toFixed(1)} %`,
    `${abstained} abstained`,
    `${Math.round(meanSamples)} samples per image`,
  ];
  const left = done >= total ? 'done' : millisecondsLeft === undefined ? '' : `${duration(millisecondsLeft)} left`;
  return [`${done}/${total} ${percent} %`, ...(done > 0 ? found : []), ...(left ? [left] : [])].join(', ');
}

/** `48 s`, `3 min 05 s`, `7 h 05 min`, `2 d 03 h`. */
function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${two((seconds % 86_400) / 3600)} h`;
}
