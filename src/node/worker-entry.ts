// What a worker thread of `startWorkers` runs: it loads the module of the host, then certifies the examples that it is sent.
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { ruleOf } from '../certify/rule-of.ts';
import { type CatrsError, ClassifierError, OptionError, showValue } from '../errors.ts';
import type { Certifier, StreamExample } from '../smoothed/types.ts';
import { quoteError, toSentError } from './sent-error.ts';
import type { FromThread, RunMessage, ThreadData, ToThread } from './worker-protocol.ts';

type Given = Exclude<ToThread, RunMessage>;

const { module, data, call } = workerData as ThreadData;
let give: (given: Given) => void = () => undefined;

try {
  const g = await load();
  parentPort?.on('message', (message: ToThread) => {
    if (message.kind === 'run') void run(g, message);
    else give(message);
  });
  const { numClasses, smoothing, noise } = g as Certifier<object> & {
    readonly noise?: { name: string; parameters: object };
  };
  const record = { numClasses, smoothing, noise: noise && { name: noise.name, parameters: { ...noise.parameters } } };
  send({ kind: 'ready', record: JSON.parse(JSON.stringify(record)) as typeof record });
} catch (error) {
  send({ kind: 'failed', error: toSentError(error) });
}

/** The certifier that the module makes. */
async function load(): Promise<Certifier<object>> {
  const wrong = (Kind: typeof CatrsError, text: string, value: unknown): CatrsError =>
    new Kind(`\`module\` must ${text}`, { call, field: 'module', value });
  const quoted = (error: unknown): string => quoteError(toSentError(error));
  let exported: { readonly makeCertifier?: unknown };
  try {
    exported = (await import(module)) as typeof exported;
  } catch (error) {
    throw wrong(OptionError, `be a module that can be loaded, got ${quoted(error)} for ${module}`, module);
  }
  const { makeCertifier } = exported;
  if (typeof makeCertifier !== 'function') {
    const names = Object.keys(exported).join(', ') || 'nothing';
    throw wrong(OptionError, `export a function makeCertifier, got ${module}, which exports ${names}`, module);
  }
  let g: unknown;
  try {
    g = await (makeCertifier as (data: unknown) => unknown)(data);
  } catch (error) {
    if (toSentError(error).details !== undefined) throw error;
    throw wrong(ClassifierError, `make a certifier, got ${quoted(error)} from makeCertifier of ${module}`, module);
  }
  if (isCertifier(g)) return g;
  const text = `make a certifier (for example a SmoothedClassifier), got ${showValue(g)} from makeCertifier of ${module}`;
  throw wrong(OptionError, text, module);
}

function isCertifier(g: unknown): g is Certifier<object> {
  const { certifyStream, numClasses } = (g ?? {}) as Partial<Certifier<object>>;
  return typeof certifyStream === 'function' && typeof numClasses === 'number';
}

async function run(g: Certifier<object>, { options, rule, caller }: RunMessage): Promise<void> {
  const underway: tf.Tensor[] = [];
  try {
    const given = rule === undefined ? options : { ...options, rule: ruleOf(rule) };
    for await (const certificate of g.certifyStream(examples(underway), given, caller)) {
      underway.shift()?.dispose();
      send({ kind: 'certificate', certificate });
    }
    send({ kind: 'done' });
  } catch (error) {
    send({ kind: 'failed', error: toSentError(error) });
  } finally {
    tf.dispose(underway);
  }
}

/** Asks for one example after the other, each when there is room for it. */
async function* examples(underway: tf.Tensor[]): AsyncGenerator<StreamExample, void, undefined> {
  for (;;) {
    const given = await new Promise<Given>((resolve) => {
      give = resolve;
      send({ kind: 'want' });
    });
    if (given.kind === 'end') return;
    const x = tf.tensor(given.values, [...given.shape], 'float32');
    underway.push(x);
    yield { x, index: given.index };
  }
}

function send(message: FromThread): void {
  parentPort?.postMessage(message);
}
