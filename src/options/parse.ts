import * as z from 'zod/mini';
import { OptionError, refusal } from '../errors.ts';
import { ownData } from '../host/own-data.ts';
import type { DefaultField, Field, OptionalField } from './fields.ts';

/** Any check of one option. @internal */
export type AnyField = z.ZodMiniType;

/** The checks of an options interface, one for each of its keys; those in `Defaulted` have a default. For groups that several schemas share. @internal */
export type FieldsOf<Options, Defaulted extends keyof Options = never> = {
  readonly [Name in keyof Options]-?: undefined extends Options[Name]
    ? Name extends Defaulted
      ? DefaultField<Exclude<Options[Name], undefined>>
      : OptionalField<Exclude<Options[Name], undefined>>
    : Field<Options[Name]>;
};

/** Options after parsing: everything is set but the names in `Unset`, which have no default. @internal */
export type WithDefaults<Options, Unset extends keyof Options = never> = {
  readonly [Name in Exclude<keyof Options, Unset>]-?: Exclude<Options[Name], undefined>;
} & {
  readonly [Name in Unset]?: Options[Name] | undefined;
};

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Why the check of an option does not fit its type; the check itself where it does. */
type Fit<Options, Name, F> = Name extends keyof Options
  ? F extends AnyField
    ? Same<Exclude<z.input<F>, undefined>, Exclude<Options[Name], undefined>> extends true
      ? undefined extends Options[Name]
        ? undefined extends z.input<F>
          ? F
          : 'this option may be absent: optional(...) or withDefault(...)'
        : undefined extends z.input<F>
          ? 'this option must be given'
          : F
      : 'this check is of another type than the option'
    : never
  : 'no such option';

/** The check of an option that holds the options of another interface; it is `{}` where it is absent. @internal */
export type NestedField<Options, Parsed = Options> = z.ZodMiniPrefault<z.ZodMiniType<Parsed, Options>>;

type Unset<Fields> = { [Name in keyof Fields]: undefined extends z.output<Fields[Name]> ? Name : never }[keyof Fields];

/** The checks of an options interface. @internal */
export interface OptionsSchema<Options, Parsed> {
  /** Names of all options. */
  readonly names: readonly string[];
  /** The same checks for one option of another call, which holds these options: errors name them as `outer.inner`. */
  readonly nested: NestedField<Options, Parsed>;
  /** The defaults, by name. */
  readonly defaults: Readonly<Partial<Parsed>>;
  /** Checks given options at the door of a public call; see {@link parseOptions}. */
  parse(call: string, given: Options, alsoKnown?: readonly string[]): Parsed;
}

/**
 * The schema of an options interface, to stand beside it: `optionsOf<XOptions>()({ name: check, ... })`.
 *
 * A key that is missing, unknown or of another type than in the interface does not compile.
 * @internal
 */
export function optionsOf<Options extends object>() {
  return <Fields extends { readonly [Name in keyof Required<Options>]: AnyField }>(
    fields: Fields & { readonly [Name in keyof Fields]: Fit<Options, Name, Fields[Name]> },
  ): OptionsSchema<Options, WithDefaults<Options, Unset<Fields> & keyof Options>> => {
    const schema = objectOf(fields as Record<string, AnyField>);
    return {
      names: Object.keys(fields),
      nested: z.prefault(schema, {}) as never,
      defaults: defaultsOf(fields as Record<string, AnyField>) as Partial<
        WithDefaults<Options, Unset<Fields> & keyof Options>
      >,
      parse: (call, given, alsoKnown) =>
        parseOptions(call, schema, given, alsoKnown) as WithDefaults<Options, Unset<Fields> & keyof Options>,
    };
  };
}

function defaultsOf(fields: Readonly<Record<string, AnyField>>): object {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, { _zod }]) => {
      const def = _zod.def as { readonly defaultValue?: unknown }; // of withDefault(...) only
      return 'defaultValue' in def ? [[name, def.defaultValue]] : [];
    }),
  );
}

/** Checks one argument that stands on its own, under its name. @internal */
export function parseField<F extends AnyField>(call: string, name: string, check: F, value: unknown): z.output<F> {
  return parseOptions(call, objectOf({ [name]: check }), { [name]: value })[name] as z.output<F>;
}

/** The form of a record that comes from elsewhere, as {@link optionsOf}; it may have fields besides. @internal */
export function formOf<Record extends object>() {
  return <Fields extends { readonly [Name in keyof Required<Record>]: AnyField }>(
    fields: Fields & { readonly [Name in keyof Fields]: Fit<Record, Name, Fields[Name]> },
  ): { check(call: string, value: object): void } => {
    const schema = z.looseObject(fields as { readonly [name: string]: AnyField });
    return { check: (call, value) => void parseOptions(call, schema, value) };
  };
}

/**
 * Checks an options object once, at the door of a public call, and gives the library its own copy of the data in it (`ownData`): what the host
 * writes to its lists and arrays afterwards changes nothing.
 *
 * Unknown names are listed with the known ones (`alsoKnown`: those that the caller has taken out before); every other failure says
 * which option, what must hold and what was given.
 */
function parseOptions<S extends z.ZodMiniObject>(
  call: string,
  schema: S,
  options: unknown,
  alsoKnown: readonly string[] = [],
): z.output<S> {
  const result = schema.safeParse(options);
  if (result.success) return owned(result.data);
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys;
    const names = [...issue.message.split(' '), ...(path.length === 0 ? alsoKnown : [])];
    const known = names.map((key) => `\`${[...path, key].join('.')}\``);
    const field = [...path, name].join('.');
    const details = { call, field, value: valueAt(options, [...path, name]) };
    throw new OptionError(`unknown option \`${field}\`; known options: ${known.join(', ')}`, details);
  }
  const field = path.length === 0 ? 'options' : path.join('.');
  throw refusal(OptionError, { call, field, value: valueAt(options, path) }, issue?.message ?? 'must be an object');
}

/** An object with these fields only. What it says of an unknown one are the known ones. */
function objectOf(fields: Readonly<Record<string, AnyField>>): z.ZodMiniObject {
  const names = Object.keys(fields).join(' ');
  const error = ({ code }: { readonly code: string }): string =>
    code === 'unrecognized_keys' ? names : 'must be an object';
  return z.strictObject(fields, { error });
}

/** Field by field: an options object may hold functions, and is data all the same. */
function owned<T extends object>(parsed: T): T {
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, ownData(value)])) as T;
}

function valueAt(options: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, name) => (value as Record<PropertyKey, unknown> | undefined | null)?.[name], options);
}
