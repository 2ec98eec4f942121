import { PRODUCT_RELAXED_MODULE } from './compiled/product-relaxed.ts';
import { moduleBytes } from './link.ts';

/** The backends that may round products and sums at once; it belongs to a backend and goes with it. */
const relaxed = new WeakSet<object>();

/** Whether the engine has relaxed SIMD. @internal */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(moduleBytes(PRODUCT_RELAXED_MODULE, { shared: false }));
}

/** Lets a backend that has not computed anything yet round products and sums at once. @internal */
export function relax(backend: object): void {
  relaxed.add(backend);
}

/** @internal */
export function isRelaxed(backend: object): boolean {
  return relaxed.has(backend);
}
