/**
 * What the page and its worker say to each other: plain data only.
 */

/** Pixels of an image along one side. */
export const SIDE = 28;
/** Pixels of an image. */
export const PIXELS: number = SIDE * SIDE;
/** The models that can be asked: two that come with the page, and the one that is trained in it. */
export type ModelName = 'gaussian' | 'catrs' | 'live';
/** How a model is called on the page. */
export const MODEL_TITLES: Readonly<Record<ModelName, string>> = {
  gaussian: 'Gaussian',
  catrs: 'CAT-RS',
  live: 'Trained here',
};
/** Where the arithmetic is done. */
export type BackendName = 'wasm' | 'webgpu';

/** Smoothing as a person sets it. */
export interface Settings {
  readonly sigma: number;
  /** Most votes. */
  readonly n: number;
  readonly alpha: number;
}

/** What the page asks for. */
export interface Tasks {
  /** Loads the models and starts a backend. */
  start: { readonly files: Readonly<Record<'gaussian' | 'catrs' | 'training' | 'choices', string>> };
  /** Changes the backend. */
  backend: { readonly wanted: BackendName };
  /** Certifies one image with one model. */
  certify: Subject & { readonly settings: Settings };
  /** Attacks one image of one model: the base classifier and the smoothed one. */
  attack: Subject & { readonly settings: Settings; readonly epsilon: number };
  /** Trains a small network with CAT-RS until it is stopped. */
  train: { readonly seed: number; readonly sigma: number };
}

/** An image and the model that is asked about it. */
export interface Subject {
  readonly model: ModelName;
  /** Grey values in [0, 1], row by row. */
  readonly image: Float32Array;
  /** Of the noise. */
  readonly seed: number;
}

/** Where the arithmetic is done now. */
export interface BackendState {
  readonly backend: BackendName;
  /** A whole sentence for people. */
  readonly note: string;
  /** Whether the browser offers WebGPU at all. */
  readonly webgpuOffered: boolean;
}

/** Votes so far. */
export interface VotesState {
  readonly counts: readonly number[];
  readonly used: number;
  /** The class that the selection sample chose. */
  readonly candidate: number;
  /** Lower bound on its probability that is valid now, and whenever the sampling ends. */
  readonly lower: number;
  /** The radius of that bound. */
  readonly radius: number;
}

/** What the base classifier says without noise. */
export interface BaseAnswer {
  readonly label: number;
  /** Its softmax output: no promise. */
  readonly confidence: number;
}

/** How the certification of one image ended. */
export interface CertifyResult extends VotesState {
  readonly label: number;
  readonly abstained: boolean;
  readonly stop: string;
}

/** One classifier under attack. */
export interface AttackedAnswer {
  /** The answer to the image itself; -1 if the votes are too close to call. */
  readonly before: number;
  /** The answer to the attacked image; -1 if the votes are too close to call. */
  readonly after: number;
  /** l2 length of the change as it came out. */
  readonly distance: number;
  readonly image: Float32Array;
  /** Share of the votes, or the softmax output, behind `after`. */
  readonly share: number;
}

/** The base classifier and the smoothed one, each under an attack of its own. */
export interface AttackResult {
  readonly base: AttackedAnswer;
  readonly smoothed: AttackedAnswer;
}

/** A moment of the training run. */
export interface TrainState {
  readonly step: number;
  readonly loss: number;
  /** Share of right votes under noise on digits held out, where it was measured at this step. */
  readonly accuracy?: number;
}

/** What a task answers at its end. */
export interface Results {
  start: BackendState;
  backend: BackendState;
  certify: CertifyResult;
  attack: AttackResult;
  train: { readonly steps: number };
}

/** What a task tells on its way. */
export interface Progress {
  start: string;
  backend: string;
  certify: { readonly base: BaseAnswer } | VotesState;
  attack: string;
  train: TrainState;
}

/** Name of a task. */
export type TaskName = keyof Tasks;

/** From the page. `stop` ends a task with a result where it has one, `cancel` throws it away. */
export type Request =
  | { [T in TaskName]: { readonly id: number; readonly kind: T; readonly task: Tasks[T] } }[TaskName]
  | { readonly id: number; readonly kind: 'stop' | 'cancel' };

/** From the worker. */
export type Reply =
  | { readonly id: number; readonly kind: 'progress'; readonly value: Progress[TaskName] }
  | { readonly id: number; readonly kind: 'done'; readonly value: Results[TaskName] }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string; readonly cancelled: boolean };
