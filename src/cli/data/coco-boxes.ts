import { readFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { CliError } from '../io.ts';
import { inFile } from '../read-data-file.ts';
import { someOf } from './folder-listing.ts';
import { checkedBox, type FoundTruth, jsonOf, type TrueBox } from './found-truth.ts';
import type { MaskedImages } from './mask-files.ts';

/** What is used of annotations in the form of COCO. */
interface Annotations {
  readonly images: readonly { readonly id: number; readonly file_name: string }[];
  readonly annotations: readonly {
    readonly image_id: number;
    readonly category_id: number;
    readonly bbox: readonly number[];
    readonly iscrowd?: number;
  }[];
  readonly categories?: readonly { readonly id: number; readonly name?: string }[];
}

/** How annotations are read. @internal */
export interface AnnotationSettings {
  /** Whether class numbers are the ids of categories, or their places in the order of the ids. */
  readonly categories?: 'ids' | 'order' | undefined;
  readonly say: (text: string) => void;
}

/** The boxes of images in annotations of COCO: [x, y, width, height] in pixels. Throws CliError that names the file. @internal */
export async function cocoBoxes(
  path: string,
  { folder, files }: MaskedImages,
  settings: AnnotationSettings,
): Promise<FoundTruth> {
  const text = await inFile(path, () => readFile(path, 'utf8'));
  const { images, annotations, categories } = annotationsOf(path, jsonOf(path, text));
  const ids = new Map(images.map(({ id, file_name: name }) => [name.replaceAll('\\', '/'), id]));
  const found = files.map((file) => ids.get(relative(folder, file).replaceAll('\\', '/')) ?? ids.get(basename(file)));
  const without = files.filter((_, i) => found[i] === undefined);
  if (without.length > 0) {
    const shown = someOf(
      without.map((file) => basename(file)),
      3,
    );
    throw new CliError(
      `${path}: must have each of the ${files.length} images in its list \`images\`, got none for ${shown}`,
    );
  }
  const labelOf = labelsBy(path, categories ?? [], annotations, settings);
  const boxes = new Map<number, TrueBox[]>();
  let crowds = 0;
  for (const { image_id: image, category_id: category, bbox, iscrowd } of annotations) {
    if (iscrowd === 1) {
      crowds++;
      continue;
    }
    const [x = NaN, y = NaN, width = NaN, height = NaN] = bbox;
    const box = { box: [x, y, x + width, y + height], label: labelOf(category) } as const;
    boxes.set(image, [...(boxes.get(image) ?? []), checkedBox(path, box, `image_id ${image}`)]);
  }
  if (crowds > 0) settings.say(`${path}: ${crowds} regions of crowds (iscrowd) are no boxes, and are left out`);
  return { from: path, size: files.length, target: (index) => boxes.get(found[index] ?? NaN) ?? [] };
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);

function annotationsOf(path: string, value: unknown): Annotations {
  const { images, annotations, categories } = (value ?? {}) as Partial<Annotations>;
  const isRecord = (one: unknown): one is Readonly<Record<string, unknown>> => typeof one === 'object' && one !== null;
  const areOf = (list: unknown, holds: (one: Readonly<Record<string, unknown>>) => boolean): boolean =>
    Array.isArray(list) && list.every((one) => isRecord(one) && holds(one));
  const checks: readonly (readonly [string, boolean])[] = [
    [
      '`images`, each with `id` and `file_name`',
      areOf(images, (one) => isNumber(one['id']) && typeof one['file_name'] === 'string'),
    ],
    [
      '`annotations`, each with `image_id`, `category_id` and `bbox` of 4 numbers',
      areOf(annotations, ({ image_id: image, category_id: category, bbox }) => {
        return (
          isNumber(image) && isNumber(category) && Array.isArray(bbox) && bbox.length === 4 && bbox.every(isNumber)
        );
      }),
    ],
    [
      '`categories`, each with `id`, if it has such a list',
      categories === undefined || areOf(categories, (one) => isNumber(one['id'])),
    ],
  ];
  const wrong = checks.find(([, holds]) => !holds);
  if (wrong === undefined) return value as Annotations;
  throw new CliError(
    `${path}: must be annotations in the form of COCO, with a list ${wrong[0]}, got a file without it`,
  );
}

/** How ids of categories become class numbers: nothing is guessed where the two ways differ. */
function labelsBy(
  path: string,
  categories: readonly { readonly id: number }[],
  annotations: Annotations['annotations'],
  { categories: by, say }: AnnotationSettings,
): (category: number) => number {
  const ids = [...new Set(categories.map(({ id }) => id))].sort((a, b) => a - b);
  if (by === 'ids' || (ids.length > 0 && ids.every((id, i) => id === i))) return (category) => category;
  if (by === undefined) {
    const shown = ids.length === 0 ? 'no list of categories' : `categories with ids ${someOf(ids.map(String))}`;
    const way = '--categories order counts them from 0 in the order of their ids, --categories ids takes the ids';
    throw new CliError(`${path}: must say which class of the model a category is, got ${shown} (${way})`);
  }
  if (ids.length === 0) throw new CliError(`${path}: must have a list \`categories\` for --categories order, got none`);
  const other = annotations.find(({ category_id: id }) => !ids.includes(id));
  if (other !== undefined) {
    throw new CliError(
      `${path}: must have each category in its list \`categories\`, got category_id ${other.category_id}`,
    );
  }
  say(`${path}: its ${ids.length} categories are the classes 0 to ${ids.length - 1} in the order of their ids`);
  return (category) => ids.indexOf(category);
}
