type Fields = Readonly<Record<string, unknown>>;

/** Whether two JSON values are equal, whatever the order of names; `isHeld` decides on entries for which it gives more than undefined. @internal */
export function isSameJson(
  a: unknown,
  b: unknown,
  isHeld: (name: string, a: unknown, b: unknown) => boolean | undefined = () => undefined,
): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [one, other] = [a as Fields, b as Fields];
  const names = Object.keys(other);
  return (
    Object.keys(one).length === names.length &&
    names.every((name) => isHeld(name, one[name], other[name]) ?? isSameJson(one[name], other[name], isHeld))
  );
}
