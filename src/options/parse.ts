import type { z } from 'zod';
import { OptionError, showValue } from '../errors.ts';
import { ownData } from '../host/own-data.ts';

/**
 * Checks an options object once, at the door of a public call, and gives the library its own copy of the data in it (`ownData`): what the host
 * writes to its lists and arrays afterwards changes nothing.
 *
 * Unknown names are listed with the known ones (`alsoKnown`: those that the caller has taken out before); every other failure says
 * which option, what must hold and what was given.
 * @internal
 */
export function parseOptions<S extends z.ZodObject>(
  call: string,
  schema: S,
  options: unknown,
  alsoKnown: readonly string[] = [],
): z.output<S> {
  const result = schema.safeParse(options);
  if (result.success) return owned(result.data);
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys;
    const known = [...Object.keys(schema.shape), ...alsoKnown].map((key) => `\`${key}\``);
    throw new OptionError(`unknown option \`${name}\`; known options: ${known.join(', ')}`, {
      call,
      field: name,
      value: valueAt(options, [name]),
    });
  }
  const [field] = issue?.path ?? [];
  if (issue === undefined || field === undefined) {
    throw new OptionError(`\`options\` must be an object, got ${showValue(options)}`, {
      call,
      field: 'options',
      value: options,
    });
  }
  const value = valueAt(options, [field]);
  throw new OptionError(`\`${String(field)}\` ${issue.message}, got ${showValue(value)}`, {
    call,
    field: String(field),
    value,
  });
}

/** Field by field: an options object may hold functions, and is data all the same. */
function owned<T extends object>(parsed: T): T {
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, ownData(value)])) as T;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined | null)?.[key];
  return value;
}

/** Options after parsing: everything is set but the names in `Unset`, which have no default. @internal */
export type WithDefaults<Options, Unset extends keyof Options = never> = Required<Omit<Options, Unset>> & {
  readonly [Name in Unset]?: Options[Name] | undefined;
};
