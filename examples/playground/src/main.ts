/**
 * The page: puts its sections together.
 */
import { readDigits } from './digits.ts';
import { messageOf } from './message-of.ts';
import { AttackSection } from './page/attack-section.ts';
import { BackendPicker } from './page/backend-picker.ts';
import { CertifySection } from './page/certify-section.ts';
import { showChoices } from './page/choices.ts';
import { byId } from './page/elements.ts';
import { EngineClient } from './page/engine-client.ts';
import { Pad } from './page/pad.ts';
import { showValue } from './page/settings.ts';
import { TrainSection } from './page/train-section.ts';

const fileOf = (name: string): string => new URL(`${name}.safetensors`, document.baseURI).href;
const files = {
  gaussian: fileOf('models/gaussian'),
  catrs: fileOf('models/catrs'),
  training: fileOf('training-digits'),
  choices: fileOf('digits'),
};

const client = new EngineClient(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));
let liftChoice = (): void => undefined;
const pad = new Pad(byId('pad', HTMLCanvasElement), {
  onDraw: () => {
    liftChoice();
    forget();
  },
  onState: (state) => (byId('pad-state', HTMLElement).textContent = state),
});
const certificates = new CertifySection(client, pad);
const attacks = new AttackSection({ client, pad, certificates });
const training = new TrainSection(client);
const backend = new BackendPicker(client, {
  onChange: () => {
    forget();
    enable(false);
  },
  onReady: () => enable(true),
});

byId('clear', HTMLButtonElement).addEventListener('click', () => pad.clear());
showValue('sigma');
showValue('epsilon');
await start();

async function start(): Promise<void> {
  try {
    const started = client.run('start', { files }, (what) => backend.say(what)).result;
    const response = await fetch(files.choices);
    const digits = readDigits(new Uint8Array(await response.arrayBuffer()));
    liftChoice = await showChoices(byId('choices', HTMLElement), digits, (image) => {
      pad.put(image);
      forget();
    });
    backend.show(await started);
    enable(true);
  } catch (error) {
    backend.say(`The page could not start: ${messageOf(error)}`, true);
  }
}

/** Results belong to one image: a change of it throws them away. */
function forget(): void {
  certificates.reset();
  attacks.reset();
}

function enable(enabled: boolean): void {
  certificates.enabled = enabled;
  attacks.enabled = enabled;
  training.enabled = enabled;
}
