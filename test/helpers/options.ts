import type { z } from 'zod';

/** The names of an options type with their values, optional ones marked: a form in which a schema and an interface compare. */
type Fields<Options> = {
  readonly [Name in keyof Options]-?: object extends Pick<Options, Name>
    ? { readonly optional: Exclude<Options[Name], undefined> }
    : { readonly required: Options[Name] };
};

/** What a zod schema accepts, in the form that {@link OptionFields} gives an interface. */
export type SchemaFields<Schema extends z.ZodType> = Fields<z.input<Schema>>;

/** The fields of a hand-written options interface; a type test holds them equal to those of its schema. */
export type OptionFields<Options> = Fields<Options>;
