import { CatrsError, type ErrorDetails } from '../../errors.ts';
import type { OutputTaskName } from './task-options.ts';

/** Fields of the library that a task has an option of its own for, while an option of their name is for something else. */
const FLAGS: Readonly<Partial<Record<OutputTaskName, Readonly<Record<string, string>>>>> = {
  boxes: { labels: '--box-labels', threshold: '--score-threshold', format: '--box-format', units: '--box-units' },
  segmentation: { layout: '--logits-layout', threshold: '--mask-threshold' },
  multilabel: { threshold: '--label-threshold' },
};

/** Runs something of a task, so that errors of the library name the options of the task: `layout: 'nchw'` of masks is --logits-layout nchw. @internal */
export async function inTask<T>(task: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const flags = Object.hasOwn(FLAGS, task) ? FLAGS[task as OutputTaskName] : undefined;
    if (flags === undefined || !(error instanceof CatrsError)) throw error;
    const text = error.message.replace(/`(\w+)(?:: '?([^`']*)'?)?`/g, (quoted, name: string, value?: string) => {
      const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
      if (flag === undefined) return quoted;
      return value === undefined ? flag : `${flag} ${value}`;
    });
    const Kind = error.constructor as new (message: string, details: ErrorDetails) => CatrsError;
    throw text === error.message ? error : new Kind(text.slice(`${error.call}: `.length), error);
  }
}
