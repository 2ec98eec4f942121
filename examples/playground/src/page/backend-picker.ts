/**
 * Where the arithmetic is done: visible always, and a choice where there is one.
 */
import { messageOf } from '../message-of.ts';
import type { BackendName, BackendState } from '../protocol.ts';
import { byId } from './elements.ts';
import type { EngineClient } from './engine-client.ts';

/** What changing the backend means for the rest of the page. */
export interface BackendPickerEvents {
  /** The present results are thrown away. */
  readonly onChange: () => void;
  readonly onReady: () => void;
}

/** The selector of the backend. */
export class BackendPicker {
  readonly #client: EngineClient;
  readonly #events: BackendPickerEvents;
  readonly #select = byId('backend', HTMLSelectElement);
  readonly #note = byId('backend-note', HTMLElement);

  constructor(client: EngineClient, events: BackendPickerEvents) {
    this.#client = client;
    this.#events = events;
    this.#select.addEventListener('change', () => void this.#change());
  }

  /** Shows where the arithmetic is done. */
  show({ backend, note, webgpuOffered }: BackendState): void {
    this.#select.value = backend;
    this.#select.disabled = !webgpuOffered;
    this.#select.dataset['backend'] = backend;
    this.#note.textContent = note;
    this.#note.className = '';
  }

  /** Shows what is going on. */
  say(text: string, isError = false): void {
    this.#note.textContent = text;
    this.#note.className = isError ? 'error' : '';
  }

  async #change(): Promise<void> {
    const wanted = this.#select.value as BackendName;
    this.#events.onChange();
    this.#select.disabled = true;
    this.say('Changing …');
    try {
      this.show(await this.#client.run('backend', { wanted }).result);
    } catch (error) {
      this.#select.value = this.#select.dataset['backend'] ?? 'wasm';
      this.#select.disabled = false;
      this.say(messageOf(error), true);
    }
    this.#events.onReady();
  }
}
