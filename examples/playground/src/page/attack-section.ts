/**
 * The third section: attacks the image with the chosen models, side by side.
 */
import { messageOf } from '../message-of.ts';
import { attackSummary, attackView } from './attack-view.ts';
import type { CertifySection } from './certify-section.ts';
import { byId, say } from './elements.ts';
import { Cancelled, type EngineClient, type Running } from './engine-client.ts';
import type { Pad } from './pad.ts';
import { freshSeed, readModels, readSettings } from './settings.ts';

/** What an attack needs. */
export interface AttackSectionOptions {
  readonly client: EngineClient;
  readonly pad: Pad;
  readonly certificates: CertifySection;
}

/** Attacks and how they ended. */
export class AttackSection {
  readonly #options: AttackSectionOptions;
  readonly #button = byId('attack', HTMLButtonElement);
  readonly #verdict = byId('attack-verdict', HTMLElement);
  readonly #columns = byId('attacks', HTMLElement);
  #running: Running<'attack'>[] = [];

  constructor(options: AttackSectionOptions) {
    this.#options = options;
    byId('attack-settings', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#button.disabled) void this.#attack();
    });
  }

  /** Whether attacks may be asked for. */
  set enabled(enabled: boolean) {
    this.#button.disabled = !enabled;
  }

  /** Throws away what belongs to another image. */
  reset(): void {
    this.#running.forEach((running) => running.cancel());
    this.#running = [];
    this.#columns.replaceChildren();
    say(this.#verdict, 'Not attacked yet.');
  }

  async #attack(): Promise<void> {
    this.reset();
    const { client, pad, certificates } = this.#options;
    if (pad.isEmpty) {
      this.#verdict.textContent = 'Draw or pick a digit first.';
      return;
    }
    const [image, seed, settings] = [pad.take(), freshSeed(), readSettings()];
    const epsilon = Number(byId('epsilon', HTMLInputElement).value);
    const models = readModels();
    const running = (this.#running = models.map((model) =>
      client.run('attack', { model, image, seed, settings, epsilon }, (what) => {
        this.#verdict.textContent = `${what} …`;
      }),
    ));
    this.#verdict.textContent = 'Attacking …';
    try {
      const results = await Promise.all(running.map(({ result }) => result));
      if (this.#running !== running) return;
      const attacked = models.map((model, i) => {
        const result = results[i] as (typeof results)[number];
        return { model, epsilon, result, certificate: certificates.certificate(model, settings) };
      });
      this.#columns.replaceChildren(...attacked.map(attackView));
      this.#verdict.textContent = attacked.map(attackSummary).join('\n');
    } catch (error) {
      running.forEach((one) => one.cancel());
      if (!(error instanceof Cancelled) && this.#running === running) this.#verdict.textContent = messageOf(error);
    }
  }
}
