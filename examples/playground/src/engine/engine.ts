/**
 * What the worker can do. It holds the networks, the digits and the backend; tasks share them in turns.
 */
import * as tf from '@tensorflow/tfjs';
import { createKey } from 'catrs';
import type { LabelledDataset } from 'catrs/data';
import { lenet } from 'catrs/models';
import { readDigits } from '../digits.ts';
import type { AttackResult, BackendName, BackendState, CertifyResult, Progress, Results, Tasks } from '../protocol.ts';
import { attack, baseAnswer } from './attack.ts';
import { firstBackend, useBackend } from './backend.ts';
import { certify, smoothed } from './certify.ts';
import type { Control } from './control.ts';
import { fetchBytes, Models } from './models.ts';
import { train } from './train.ts';

/** The tasks of the page. */
export class Engine {
  readonly #models = new Models();
  #training: LabelledDataset | undefined;
  #heldOut: LabelledDataset | undefined;
  /** Tasks that a person is waiting for; training pauses meanwhile. */
  #urgent: Promise<unknown> = Promise.resolve();
  #inTraining = false;

  /** Loads all that the page ever needs, and makes one forward pass so that the first answer need not wait for it. */
  async start({ files }: Tasks['start'], { report }: Control<Progress['start']>): Promise<BackendState> {
    report('Loading models and WASM …');
    const [state, training, choices] = await Promise.all([
      firstBackend(),
      fetchBytes(files.training),
      fetchBytes(files.choices),
      this.#models.load('gaussian', files.gaussian),
      this.#models.load('catrs', files.catrs),
    ]);
    this.#training = readDigits(training);
    this.#heldOut = readDigits(choices);
    await this.#warmUp();
    return state;
  }

  /** Changes the backend; refused while the training holds tensors on the present one. */
  async changeBackend(wanted: BackendName): Promise<BackendState> {
    if (this.#inTraining) throw new Error('stop the training first: its tensors are on the present backend');
    await this.#urgent;
    this.#models.release();
    const state = await useBackend(wanted);
    await this.#warmUp();
    return state;
  }

  /** Certifies one image. */
  certify(task: Tasks['certify'], control: Control<Progress['certify']>): Promise<CertifyResult> {
    return this.#urgently(async () => {
      const model = this.#models.get(task.model);
      const x = tf.tensor4d(task.image, [1, 28, 28, 1]);
      try {
        control.report({ base: await baseAnswer(model, x) });
      } finally {
        x.dispose();
      }
      return certify(model, task, control);
    });
  }

  /** Attacks one image. */
  attack(task: Tasks['attack'], control: Control<Progress['attack']>): Promise<AttackResult> {
    return this.#urgently(() => attack(this.#models.get(task.model), task, control));
  }

  /** Trains a fresh network, which can be asked as the model `live` afterwards. */
  async train(task: Tasks['train'], control: Control<Progress['train']>): Promise<Results['train']> {
    const [digits, heldOut] = [this.#training, this.#heldOut];
    if (digits === undefined || heldOut === undefined) throw new Error('the digits are not loaded yet');
    if (this.#inTraining) throw new Error('a training run is under way');
    this.#inTraining = true;
    const model = lenet({ key: createKey(task.seed) });
    try {
      const myTurn = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve)); // messages of the page come in now, the stop too
        for (let urgent; urgent !== this.#urgent;) await (urgent = this.#urgent);
      };
      const steps = await train({ model, digits, heldOut, myTurn }, task, control);
      await this.#models.keep('live', model);
      return { steps };
    } finally {
      model.dispose();
      this.#inTraining = false;
    }
  }

  async #urgently<T>(run: () => Promise<T>): Promise<T> {
    const result = run();
    const settled = result.catch(() => undefined);
    this.#urgent = Promise.all([this.#urgent, settled]);
    return result;
  }

  async #warmUp(): Promise<void> {
    const x = tf.zeros([28, 28, 1]);
    for (const name of ['gaussian', 'catrs'] as const) {
      await smoothed(this.#models.get(name), 0.5).sampleCounts(x, { key: createKey(0), n: 200 });
    }
    x.dispose();
  }
}
