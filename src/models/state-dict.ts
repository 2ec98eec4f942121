import { DataError, OptionError, refusal, showValue } from '../errors.ts';
import type { TorchStateDicts, TorchTensor, TorchTensors } from './torch-weights.ts';

/**
 * The tensors of a state dict, which is found in a checkpoint or chosen by its name.
 *
 * @throws DataError if the checkpoint has none, OptionError if it has several or none of the name
 * @internal
 */
export function stateDictOf(
  call: string,
  tensors: TorchTensors | TorchStateDicts,
  stateDict: string | undefined,
): Map<string, TorchTensor> {
  if (typeof tensors !== 'object' || tensors === null) {
    const details = { call, field: 'tensors', value: tensors };
    throw refusal(OptionError, details, 'must be a map or an object of tensors by name');
  }
  if (isCheckpoint(tensors)) return new Map(chosenDict(call, tensors, stateDict));
  if (stateDict !== undefined) {
    const details = { call, field: 'stateDict', value: stateDict };
    throw refusal(OptionError, details, 'must be left out for a state dict, which is the only one');
  }
  const pairs: Iterable<readonly [string, TorchTensor]> = tensors instanceof Map ? tensors : Object.entries(tensors);
  return new Map(pairs);
}

function isCheckpoint(tensors: TorchTensors | TorchStateDicts): tensors is TorchStateDicts {
  return 'stateDicts' in tensors && tensors.stateDicts instanceof Map;
}

/** Keys under which training scripts keep the weights of a network. */
const USUAL = ['state_dict', 'model_state_dict', 'model', 'net'];

function chosenDict(
  call: string,
  { stateDicts }: TorchStateDicts,
  chosen: string | undefined,
): ReadonlyMap<string, TorchTensor> {
  const names = [...stateDicts.keys()];
  const list = names.slice(0, 8).map(showValue).join(', ') + (names.length > 8 ? `, ... ${names.length} in all` : '');
  if (chosen !== undefined) {
    const found = stateDicts.get(chosen);
    if (found !== undefined) return found;
    const way = names.length === 0 ? 'there is none' : `there are ${list}`;
    const details = { call, field: 'stateDict', value: chosen, way };
    throw refusal(OptionError, details, 'must be a state dict of the checkpoint');
  }
  const usual = names.filter((name) => USUAL.includes(name));
  const [only, ...others] = usual.length > 0 ? usual : names;
  if (only !== undefined && others.length === 0) return stateDicts.get(only)!;
  if (only === undefined) {
    const way = 'torch.save(model.state_dict(), file) writes one';
    const details = { call, field: 'tensors', value: stateDicts, got: 'a checkpoint without tensors by name', way };
    throw refusal(DataError, details, 'must have a state dict');
  }
  const details = { call, field: 'stateDict', value: undefined, got: 'none', way: `there are ${list}` };
  throw refusal(OptionError, details, 'must say which state dict of the checkpoint is meant');
}
