/**
 * Accuracy under noise of the base classifier after each epoch, beside the official one.
 */
import type { EpochRow } from '../training-log.ts';
import { titleOf, type OfficialTraining, type Results } from './read-results.ts';
import { NOTHING, table } from './table.ts';

/** A learning curve and the official one that belongs to it. */
export interface Curve {
  readonly title: string;
  readonly ours: readonly EpochRow[] | undefined;
  readonly official: OfficialTraining;
}

/** The curves of the methods, and those of longer runs that are there. */
export function curvesOf({ methods, longer }: Results): Curve[] {
  const curves = methods.map(({ method, training, officialTraining }) => ({
    title: titleOf(method),
    ours: training,
    official: officialTraining,
  }));
  const more = longer.flatMap(({ config, training }) => {
    const title = titleOf(config.method);
    const official = methods.find(({ method }) => method === config.method)?.officialTraining;
    return training && official
      ? [{ title: `${title}, ${config.training.epochs} epochs`, ours: training, official }]
      : [];
  });
  return [...curves, ...more];
}

/** The schedules and the curves. */
export function learningCurves(results: Results): string {
  const curves = curvesOf(results);
  const longest = Math.max(0, ...curves.map(({ ours }) => ours?.length ?? 0));
  const schedule = curves.map(({ title, ours, official }) => [
    ...[title, ours ? String(ours.length) : 'not run'],
    ours
      ? dropsOf(
          ours.map(({ epoch }) => epoch),
          ours.map(({ learningRate }) => learningRate),
        )
      : NOTHING,
    ours ? (ours.reduce((sum, { seconds }) => sum + seconds, 0) / ours.length).toFixed(0) : NOTHING,
    ...[String((official.epoch.at(-1) ?? NaN) + 1), dropsOf(official.epoch, official.learningRate)],
  ]);
  const cell = ({ ours, official }: Curve, epoch: number): string =>
    `${percent(ours?.[epoch]?.testAccuracy)} / ${officialAt(official, epoch)}`;
  const shown = Array.from({ length: longest }, (_, epoch) => epoch).filter((epoch) => epoch < 10 || epoch % 5 === 4);
  const rows = shown.map((epoch) => [String(epoch + 1), ...curves.map((curve) => cell(curve, epoch))]);
  const last = curves.map(({ ours, official }) => {
    const at = official.epoch.at(-1) ?? NaN;
    return `${percent(ours?.at(-1)?.testAccuracy)} / ${officialAt(official, at)}`;
  });
  return [
    `Accuracy of the base classifier on all test images under one draw of noise, in percent, ours / official; ${NOTHING} where there is no figure.`,
    'The official log of CAT-RS lacks the first two epochs. "Drops": the learning rate is a tenth from then on.',
    'The seconds are of our training steps on one core, which other work shared.',
    '',
    table(
      ['training', 'our epochs', 'our drops after', 'seconds an epoch', 'official epochs', 'official drops after'],
      schedule,
    ),
    '',
    table(['after epoch', ...curves.map(({ title }) => title)], [...rows, ['the last', ...last]]),
  ].join('\n');
}

/** Numbers of epochs after which the learning rate fell. */
export function dropsOf(epochs: readonly number[], rates: readonly number[]): string {
  // The official scheduler prints a rate ten times too small in the epoch of a drop, so what counts is that it falls.
  const drops = epochs.filter((_, i) => i > 0 && (rates[i] ?? NaN) < (rates[i - 1] ?? NaN));
  return drops.length > 0 ? drops.join(', ') : NOTHING;
}

function officialAt({ epoch: epochs, testAccuracy }: OfficialTraining, epoch: number): string {
  return testAccuracy[epochs.indexOf(epoch)]?.toFixed(1) ?? NOTHING;
}

function percent(share: number | undefined): string {
  return share === undefined ? NOTHING : (100 * share).toFixed(1);
}
