export { lenet } from './lenet.ts';
export type { LenetOptions } from './lenet.ts';
