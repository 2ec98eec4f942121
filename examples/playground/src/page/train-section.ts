/**
 * The fourth section: a training run in the page, with its curve.
 */
import { messageOf } from '../message-of.ts';
import { Chart } from './chart.ts';
import { byId } from './elements.ts';
import type { EngineClient, Running } from './engine-client.ts';
import { freshSeed, offerLiveModel, readSettings } from './settings.ts';

/** The training run. */
export class TrainSection {
  readonly #client: EngineClient;
  readonly #button = byId('train', HTMLButtonElement);
  readonly #state = byId('train-state', HTMLElement);
  #running: Running<'train'> | undefined;

  constructor(client: EngineClient) {
    this.#client = client;
    this.#button.addEventListener('click', () => {
      if (this.#running === undefined) void this.#train();
      else this.#running.stop();
    });
  }

  /** Whether training may begin. */
  set enabled(enabled: boolean) {
    this.#button.disabled = !enabled;
  }

  async #train(): Promise<void> {
    const place = byId('curve', HTMLElement);
    const width = Math.min(400, place.clientWidth);
    const votes = new Chart({
      label: 'Share of right votes under noise, on digits held out, against steps',
      xName: 'steps',
      yName: 'right votes under noise, held out',
      width,
      yMax: 1,
    });
    const losses = new Chart({
      label: 'Training loss against steps',
      xName: 'steps',
      yName: 'loss, running mean',
      width,
      yMax: 1,
    });
    place.replaceChildren(votes.element, losses.element);
    this.#button.textContent = 'Stop training';
    const { sigma } = readSettings();
    let [smooth, accuracy] = [NaN, 0];
    const running = this.#client.run('train', { seed: freshSeed(), sigma }, (state) => {
      smooth = Number.isNaN(smooth) ? state.loss : 0.9 * smooth + 0.1 * state.loss; // single batches jump
      accuracy = state.accuracy ?? accuracy;
      losses.add(state.step, smooth);
      if (state.accuracy !== undefined) votes.add(state.step, state.accuracy);
      this.#state.textContent = `step ${state.step}, σ ${sigma}, loss ${smooth.toFixed(2)}, ${(100 * accuracy).toFixed(0)} % right votes`;
    });
    this.#running = running;
    try {
      const { steps } = await running.result;
      offerLiveModel();
      this.#state.textContent += `. Stopped after ${steps} steps: choose "Trained here" above to certify it.`;
    } catch (error) {
      this.#state.textContent = messageOf(error);
    } finally {
      this.#running = undefined;
      this.#button.textContent = 'Start training';
    }
  }
}
