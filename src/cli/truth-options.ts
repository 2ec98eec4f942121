import type { OptionsOf } from './options.ts';

/** What is true of each input, where that is no class. @internal */
export const truthOptions = {
  truth: {
    flags: '--truth <path>',
    help: 'what is true, in place of what comes with the data: NPY, NPZ; a folder of PNG masks; boxes as COCO JSON; lists of labels as JSON',
  },
  categories: {
    flags: '--categories <kind>',
    help: 'classes of COCO annotations: their ids, or their places in the order of the ids',
    choices: ['ids', 'order'],
  },
} as const;

/** @internal */
export type TruthOptions = OptionsOf<typeof truthOptions>;
