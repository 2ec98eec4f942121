/** A tensor of a PyTorch state dict, row major: what `decodeSafetensors` and `decodeNpz` of `catrs/data` give. */
export interface TorchTensor {
  /** Lengths of the dimensions as PyTorch has them; a scalar has none. */
  readonly shape: readonly number[];
  /** The values, row major. */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** The tensors of a state dict by name. */
export type TorchTensors = ReadonlyMap<string, TorchTensor> | Readonly<Record<string, TorchTensor>>;
