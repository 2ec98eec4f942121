// What a worker thread of `startWorkers` runs: it loads the module of the host, then certifies the examples that it is sent.
import { parentPort } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { ruleOf } from '../certify/rule-of.ts';
import { withContext } from '../options/call-context.ts';
import type { Certifier, StreamExample } from '../smoothed/types.ts';
import { makeInThread } from './make-in-thread.ts';
import type { FromAnyThread } from './module-thread.ts';
import { toSentError } from './thread-errors.ts';
import type { CertifierRecord, FromThread, RunMessage, ToThread } from './worker-run.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

type Given = Exclude<ToThread, RunMessage>;

let give: (given: Given) => void = () => undefined;

try {
  const g = await makeInThread({
    name: 'makeCertifier',
    makes: 'a certifier',
    example: 'for example a SmoothedClassifier',
    isMade: isCertifier,
  });
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

function isCertifier(g: unknown): g is Certifier<object> {
  const { certifyStream, numClasses } = (g ?? {}) as Partial<Certifier<object>>;
  return typeof certifyStream === 'function' && typeof numClasses === 'number';
}

async function run(g: Certifier<object>, { options, rule, context }: RunMessage): Promise<void> {
  const pending: tf.Tensor[] = [];
  try {
    const given = rule === undefined ? options : { ...options, rule: ruleOf(rule) };
    for await (const certificate of g.certifyStream(examples(pending), withContext(given, context))) {
      pending.shift()?.dispose();
      send({ kind: 'certificate', certificate });
    }
    send({ kind: 'done' });
  } catch (error) {
    send({ kind: 'failed', error: toSentError(error) });
  } finally {
    tf.dispose(pending);
  }
}

/** Asks for one example after the other, each when there is room for it. */
async function* examples(pending: tf.Tensor[]): AsyncGenerator<StreamExample, void, undefined> {
  for (;;) {
    const given = await new Promise<Given>((resolve) => {
      give = resolve;
      send({ kind: 'want' });
    });
    if (given.kind === 'end') return;
    const x = tensorOver(given.values, given.shape, 'float32');
    pending.push(x);
    yield { x, index: given.index };
  }
}

function send(message: FromThread | FromAnyThread<CertifierRecord>): void {
  parentPort?.postMessage(message);
}
