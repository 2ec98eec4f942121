import * as tf from '@tensorflow/tfjs';
import { certifyDataset, foldIn, plannedRadius, SmoothedClassifier, SmoothedPgd } from 'catrs';
import type { Certifier, CertifyOptions, TypedClassifier } from 'catrs';
import { arrayDataset } from 'catrs/data';
import type { Trainers, WorkerCertifier } from 'catrs/node';
import { toOnnx } from 'catrs/onnx';
import { certifyImages, startCertifiers } from './certify-images.ts';
import { readSubject, type SubjectData } from '../subject-files.ts';
import { key, type NetworkName, noise } from '../subjects.ts';
import { firstValueFor, makeClassifier } from './classifier.ts';
import { onnxModel, useEngine } from './engines.ts';
import type { AttackWork, DecideWork, OursAnswer, OursWork, PassWork, ProcessSetting, StepWork } from './setting.ts';
import { makeSteps, startTeam, type Steps } from './steps.ts';

const CLASSES = 10;

/** A network with what is asked of it. */
interface Subject {
  readonly model: tf.LayersModel;
  readonly data: SubjectData;
  readonly steps: Map<string, Steps>;
  /** Threads that share its training steps. */
  team?: Trainers;
}

/** Everything that a process of ours can be asked, on one engine. */
export class Bench {
  readonly #setting: ProcessSetting;
  readonly #subjects = new Map<NetworkName, Subject>();
  readonly #certifiers = new Map<string, Promise<Certifier<CertifyOptions>>>();

  readonly #sessions = new Map<NetworkName, Promise<TypedClassifier>>();
  readonly #engine: string;
  readonly #plans = new Map<number, readonly string[]>();

  private constructor(setting: ProcessSetting, engine: string) {
    this.#setting = setting;
    this.#engine = engine;
  }

  /** Loads the engine. */
  static async start(setting: ProcessSetting): Promise<Bench> {
    return new Bench(setting, await useEngine(setting.engine));
  }

  /** Does a piece of work and tells its seconds. */
  async do(work: OursWork): Promise<OursAnswer> {
    if (work.work === 'load') return this.#load(work.network);
    if (work.work === 'certify') {
      const g = await this.#certifier(work.network);
      const { data } = this.#subject(work.network);
      let share = 1;
      const { seconds } = await timed(async () => (share = await certifyImages(g, data, work)));
      return { seconds: seconds / share }; // of all samples, at the speed of those that were drawn
    }
    if (work.work === 'decide') return this.#decide(work);
    const subject = this.#subject(work.network);
    if (work.work === 'predict') return this.#predict(subject, work);
    if (work.work === 'step') return this.#step(subject, work);
    if (work.work === 'attack') return this.#attack(subject, work);
    if (work.work === 'forward' && this.#setting.engine === 'onnxruntime') return this.#sessionPasses(subject, work);
    const x = imagesOf(subject.data, work.batch);
    const each = work.work === 'forward' ? forwardPass(subject.model) : inputGradient(subject.model);
    const answer = await timed(async () => {
      for (let i = 0; i < work.count; i++) await read(() => each(x));
    });
    x.dispose();
    return answer;
  }

  async #load(network: NetworkName): Promise<OursAnswer> {
    const answer = await timed(async () => {
      const { model, data } = await readSubject(this.#setting.files, network);
      this.#subjects.set(network, { model, data, steps: new Map() });
    });
    return { ...answer, engine: this.#engine };
  }

  #subject(network: NetworkName): Subject {
    const found = this.#subjects.get(network);
    if (found === undefined) throw new Error(`${network} is not loaded`);
    return found;
  }

  /** Certifiers are started when they are first asked for: not every process certifies. */
  #certifier(network: NetworkName | 'decide', sigma?: number): Promise<Certifier<CertifyOptions>> {
    const id = JSON.stringify([network, sigma]);
    const found = this.#certifiers.get(id) ?? this.#startCertifier(network, sigma);
    this.#certifiers.set(id, found);
    return found;
  }

  async #startCertifier(
    network: NetworkName | 'decide',
    sigma?: number,
  ): Promise<WorkerCertifier | SmoothedClassifier> {
    const { engine, threads, files, workers } = this.#setting;
    const data = { engine, threads, files, network, ...(sigma !== undefined && { sigma }) };
    return workers === 0 ? makeClassifier(data) : startCertifiers(workers, data);
  }

  async #predict({ data }: Subject, work: OursWork & { readonly work: 'predict' }): Promise<OursAnswer> {
    const g = await this.#certifier(work.network);
    if (!(g instanceof SmoothedClassifier)) throw new Error('predict is measured in one process');
    return timed(async () => {
      for (let i = 0; i < work.images; i++) {
        const x = imagesOf(data, 1, i).squeeze<tf.Tensor3D>([0]);
        await g.predict(x, { key: foldIn(key, i), n: work.samples, batchSize: work.batch });
        x.dispose();
      }
    });
  }

  /** Passes of onnxruntime, from typed arrays to typed arrays. */
  async #sessionPasses({ model, data }: Subject, { network, batch, count }: PassWork): Promise<OursAnswer> {
    const session = this.#sessions.get(network) ?? onnxModel(await toOnnx(model), this.#setting.threads);
    this.#sessions.set(network, session);
    const { classify } = await session;
    const x = imagesOf(data, batch);
    const values = new Float32Array(await x.data<'float32'>());
    const shape = x.shape.slice(1);
    x.dispose();
    return timed(async () => {
      for (let i = 0; i < count; i++) await classify(values, { batch, shape });
    });
  }

  async #attack({ model, data }: Subject, { batch, copies, epsilon, steps }: AttackWork): Promise<OursAnswer> {
    const g = new SmoothedClassifier(model, { noise, numClasses: CLASSES });
    const attack = new SmoothedPgd({ epsilon, steps, numNoise: copies });
    const x = imagesOf(data, batch);
    const labels = Array.from({ length: batch }, (_, i) => data.labels[i % data.labels.length]!);
    const answer = await timed(() => read(() => attack.perturb(g, { x, labels, key })));
    x.dispose();
    return answer;
  }

  async #step(subject: Subject, work: StepWork): Promise<OursAnswer> {
    const id = JSON.stringify([work.method, work.dense, work.batch]);
    const { engine, files, workers } = this.#setting;
    if (workers > 0) subject.team ??= await startTeam({ engine, files, network: work.network }, workers);
    const steps = subject.steps.get(id) ?? makeSteps(work, subject, subject.team);
    subject.steps.set(id, steps);
    const begin = performance.now();
    const { share } = await steps.step();
    const seconds = (performance.now() - begin) / 1000;
    return { seconds, ...(share !== undefined && { mean: share }) };
  }

  async #decide(work: DecideWork): Promise<OursAnswer> {
    const { sigma, radius, probabilities } = work;
    const g = await this.#certifier('decide', sigma);
    const { data } = this.#subject('lenet');
    const dataset = arrayDataset(decidable(data, work));
    // As `catrs certify --radius` does.
    const rule = plannedRadius({ radius, plans: this.#plans.get(radius) });
    const options = { key: foldIn(key, 2), n0: 0, n: 100_000, alpha: 0.001, checkEvery: 10, rule };
    let samples = 0;
    let certified = 0;
    const { seconds } = await timed(async () => {
      for await (const { certificate } of certifyDataset(g, dataset, options)) {
        // Derived at the first image, and kept, as the command keeps them.
        this.#plans.set(radius, certificate.rule.parameters['plans'] as string[]);
        samples += certificate.n0 + certificate.nUsed;
        if (certificate.radius >= radius) certified++;
      }
    });
    return { seconds, mean: samples / probabilities.length, certified: certified / probabilities.length };
  }
}

/** Real images whose first value says how likely the network `decide` votes for class 0. */
function decidable({ images, shape, labels }: SubjectData, { probabilities, sigma }: DecideWork) {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = new Float32Array(probabilities.length * size);
  for (const [i, p] of probabilities.entries()) {
    const from = (i % labels.length) * size;
    values.set(images.subarray(from, from + size), i * size);
    values[i * size] = firstValueFor(p, sigma);
  }
  return { values, shape, labels: probabilities.map(() => 0) };
}

async function timed(work: () => Promise<unknown>): Promise<OursAnswer> {
  const begin = performance.now();
  await work();
  return { seconds: (performance.now() - begin) / 1000 };
}

async function read(make: () => tf.Tensor): Promise<void> {
  const result = tf.tidy(make);
  await result.data();
  result.dispose();
}

function forwardPass(model: tf.LayersModel): (x: tf.Tensor4D) => tf.Tensor {
  return (x) => model.apply(x, { training: false }) as tf.Tensor;
}

function inputGradient(model: tf.LayersModel): (x: tf.Tensor4D) => tf.Tensor {
  const gradient = tf.grad((x) => tf.sum(tf.square(model.apply(x, { training: false }) as tf.Tensor)));
  return (x) => gradient(x);
}

/** The first images, over and over. */
function imagesOf({ images, shape, labels }: SubjectData, count: number, first = 0): tf.Tensor4D {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const from = ((first + i) % labels.length) * size;
    values.set(images.subarray(from, from + size), i * size);
  }
  return tf.tensor4d(values, [count, ...(shape as [number, number, number])]);
}
