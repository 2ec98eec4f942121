/** What the threads of a training step on two cores load. */
import { trainableVariables } from 'catrs';
import type { Trainer } from 'catrs/node';
import { useWasm } from 'catrs/wasm';
import { catRsLoss } from './cat-rs-step.ts';
import { makeLenet } from './subjects.ts';

/** Makes the objective of a thread. */
export async function makeTrainer(): Promise<Trainer> {
  await useWasm({ threads: 1 });
  const model = makeLenet();
  return { loss: catRsLoss(model), variables: trainableVariables(model) };
}
