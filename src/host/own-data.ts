/**
 * A copy of the data in a value that the host may change: lists and plain objects, to any depth, frozen.
 *
 * What has methods is no data but one of the host's things, and stays the very same: models, noises, rules, functions, tensors, signals. So
 * does what is made by a class of its own (a `Map`, a `URL`), and typed arrays, which may be large: whoever keeps one copies the part that it needs.
 * @internal
 */
export function ownData<T>(value: T): T {
  return copied(value, Object.freeze, new Map()) as T;
}

/** The same for a result, which the host may change as it likes: nothing is frozen. @internal */
export function dataFor<T>(value: T): T {
  return copied(value, (copy) => copy, new Map()) as T;
}

function copied(value: unknown, seal: (copy: object) => object, seen: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    seen.set(value, copy);
    for (const entry of value as readonly unknown[]) copy.push(copied(entry, seal, seen));
    return seal(copy);
  }
  if (!isPlain(value) || Object.values(value).some((entry) => typeof entry === 'function')) return value;
  const copy: Record<string, unknown> = {};
  seen.set(value, copy);
  for (const [name, entry] of Object.entries(value)) {
    // Not by assignment: JSON may have a field `__proto__`.
    Object.defineProperty(copy, name, {
      value: copied(entry, seal, seen),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return seal(copy);
}

/** An object of no class, of this realm or another. @internal */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'));
}
