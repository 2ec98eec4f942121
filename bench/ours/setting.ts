import type { PublishedMethod } from 'catrs/recipes';
import type { SubjectFiles } from '../subject-files.ts';
import type { NetworkName } from '../subjects.ts';
import type { EngineName } from './engines.ts';

/** One way to use two cores: threads of the engine in one process, or worker threads of JavaScript. */
export interface Setting {
  readonly engine: EngineName;
  /** Threads of the engine in each worker, or in the process. */
  readonly threads: 1 | 2;
  /** Worker threads; 0: the main thread does the work. */
  readonly workers: 0 | 1 | 2;
}

/** What a process of ours is told when it starts. */
export interface ProcessSetting extends Setting {
  readonly files: SubjectFiles;
}

/** What it is asked to do, and timed at. */
export type OursWork =
  | { readonly work: 'load'; readonly network: NetworkName }
  | CertifyWork
  | { readonly work: 'predict'; readonly network: NetworkName; readonly images: number; readonly samples: number; readonly batch: number } // prettier-ignore
  | PassWork
  | AttackWork
  | StepWork
  | DecideWork;

/** Certification of images with a fixed sample. */
export interface CertifyWork {
  readonly work: 'certify';
  readonly network: NetworkName;
  readonly images: number;
  /** Samples of each image, the selection sample included. */
  readonly samples: number;
  readonly batch: number;
}

/** Passes over one batch, or gradients with respect to it. */
export interface PassWork {
  readonly work: 'forward' | 'gradient';
  readonly network: NetworkName;
  readonly batch: number;
  readonly count: number;
}

/** An attack of a batch under fixed noises. */
export interface AttackWork {
  readonly work: 'attack';
  readonly network: NetworkName;
  readonly batch: number;
  readonly copies: number;
  readonly epsilon: number;
  readonly steps: number;
}

/** One training step. */
export interface StepWork {
  readonly work: 'step';
  readonly network: NetworkName;
  readonly method: PublishedMethod;
  readonly batch: number;
  readonly rate: number;
  /** Attack all images, also those whose worst-case term does not count. */
  readonly dense: boolean;
}

/** Decisions whether a radius holds, on images with given class probabilities. */
export interface DecideWork {
  readonly work: 'decide';
  readonly sigma: number;
  readonly radius: number;
  readonly probabilities: readonly number[];
}

/** What a process answers: seconds, and what it found besides. */
export interface OursAnswer {
  readonly seconds: number;
  /** Mean samples of a decision, or the share of images with K = M in a step. */
  readonly mean?: number;
  readonly certified?: number;
  /** The engine and its version, where networks were loaded. */
  readonly engine?: string;
}

/** A message of the process. */
export type OursMessage = OursAnswer | { readonly error: string };
