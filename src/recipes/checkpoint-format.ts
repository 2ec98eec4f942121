/** Version of the layout of a checkpoint. @internal */
export const CHECKPOINT_VERSION = '1';

/** Names of the texts of a checkpoint. @internal */
export const METADATA = {
  version: 'catrs.checkpoint',
  /** JSON: the class of the optimizer and the names of its weights in order, or null. */
  optimizer: 'catrs.optimizer',
  /** JSON of the host. */
  state: 'catrs.state',
  /** CRC-32 of all the rest. */
  checksum: 'catrs.crc32',
} as const;

/** Name of a weight of the model in the file. @internal */
export const weightName = (name: string): string => `weights/${name}`;

/** Name of weight i of the optimizer in the file. @internal */
export const slotName = (i: number): string => `optimizer/${i}`;

/** What a checkpoint says of its optimizer. @internal */
export interface OptimizerRecord {
  readonly className: string;
  readonly names: readonly string[];
}
