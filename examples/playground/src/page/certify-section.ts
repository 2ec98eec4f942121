/**
 * The second section: certifies the image with the chosen models, side by side.
 */
import { messageOf } from '../message-of.ts';
import type { CertifyResult, ModelName, Settings, VotesState } from '../protocol.ts';
import { CertificateView } from './certificate-view.ts';
import { byId, say } from './elements.ts';
import { Cancelled, type EngineClient, type Running } from './engine-client.ts';
import type { Pad } from './pad.ts';
import { freshSeed, readModels, readSettings } from './settings.ts';

/** Certificates and what they are about. */
export class CertifySection {
  readonly #client: EngineClient;
  readonly #pad: Pad;
  readonly #button = byId('certify', HTMLButtonElement);
  readonly #stop = byId('stop', HTMLButtonElement);
  readonly #verdict = byId('verdict', HTMLElement);
  readonly #columns = byId('certificates', HTMLElement);
  #running: Running<'certify'>[] = [];
  #settings: Settings | undefined;
  #results = new Map<ModelName, CertifyResult>();

  constructor(client: EngineClient, pad: Pad) {
    this.#client = client;
    this.#pad = pad;
    byId('settings', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#button.disabled) void this.#certify();
    });
    this.#stop.addEventListener('click', () => this.#running.forEach((running) => running.stop()));
  }

  /** Whether certificates may be asked for. */
  set enabled(enabled: boolean) {
    this.#button.disabled = !enabled;
  }

  /** Throws away what belongs to another image. */
  reset(): void {
    this.#running.forEach((running) => running.cancel());
    this.#running = [];
    this.#stop.disabled = true;
    this.#results = new Map();
    this.#columns.replaceChildren();
    say(this.#verdict, 'Not certified yet.');
  }

  /** The certificate of the present image by a model, if it was made with these settings. */
  certificate(model: ModelName, { sigma, alpha }: Settings): CertifyResult | undefined {
    if (this.#settings?.sigma !== sigma || this.#settings.alpha !== alpha) return undefined;
    return this.#results.get(model);
  }

  async #certify(): Promise<void> {
    this.reset();
    if (this.#pad.isEmpty) {
      this.#verdict.textContent = 'Draw or pick a digit first.';
      return;
    }
    const settings = (this.#settings = readSettings());
    const [image, seed] = [this.#pad.take(), freshSeed()];
    const begun = performance.now();
    this.#verdict.textContent = 'Votes are coming in …';
    const models = readModels();
    const width = Math.min(400, this.#columns.clientWidth / models.length - 12);
    const asked = models.map((model) => {
      const view = new CertificateView(model, width);
      this.#columns.append(view.element);
      let firstMs: number | undefined;
      const show = (state: VotesState): void => {
        if (state.radius > 0 && firstMs === undefined) {
          firstMs = performance.now() - begun;
          view.element.dataset['firstMs'] = firstMs.toFixed(0);
          say(this.#verdict, `First verdict after ${(firstMs / 1000).toFixed(2)} s. More votes are coming in …`);
        }
        view.showVotes(state);
      };
      const running = this.#client.run('certify', { model, image, seed, settings }, (progress) => {
        if ('base' in progress) view.showBase(progress.base);
        else show(progress);
      });
      const conclude = (result: CertifyResult): string =>
        view.conclude(model, result, { first: firstMs, last: performance.now() - begun });
      return { model, running, conclude };
    });
    const running = (this.#running = asked.map((one) => one.running));
    const results = this.#results;
    this.#stop.disabled = false;
    try {
      const lines = asked.map(async ({ model, running, conclude }) => {
        const result = await running.result;
        results.set(model, result);
        return conclude(result);
      });
      const verdicts = await Promise.all(lines);
      if (this.#running === running) this.#verdict.textContent = verdicts.join('\n');
    } catch (error) {
      running.forEach((one) => one.cancel());
      if (!(error instanceof Cancelled) && this.#running === running) this.#verdict.textContent = messageOf(error);
    } finally {
      if (this.#running === running) this.#stop.disabled = true;
    }
  }
}
