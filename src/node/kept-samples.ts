import type { Certificate } from '../certify/types.ts';
import { OptionError, refusal } from '../errors.ts';
import type { EarlierSamples, KeptSamples, OtherSamples, SampleNews } from '../smoothed/earlier-samples.ts';
import type { Key } from '../types.ts';
import { checkEngine, checkKeyOf, checkSettingsOf, otherSetting, type RunSettings } from './earlier-rows.ts';
import type { SampleJournal } from './sample-journal.ts';
import type { SamplesUnderWay } from './samples-under-way.ts';

/** A run whose samples are kept. */
interface KeptRun {
  /** The public call that error texts name. */
  readonly call: string;
  readonly journal: SampleJournal;
  /** What runs the classifier. */
  readonly engine: string | undefined;
  /** Counts the copies. */
  readonly underWay: SamplesUnderWay;
  /** Whether earlier votes that are not those of this run are an error; else the image is drawn anew. */
  readonly recheck: boolean;
  /** Called after each batch. */
  readonly tell: () => void;
}

/** Keeps the samples of a run in its journal, and hands out those of an earlier run. @internal */
export class RunSamples {
  readonly #run: KeptRun;

  constructor(run: KeptRun) {
    this.#run = run;
    run.underWay.resumedSamples = run.journal.progress().reduce((sum, { drawn }) => sum + drawn, 0);
  }

  /** What goes with an image. */
  readonly keptOf = (index: number): KeptSamples => {
    const { journal } = this.#run;
    const earlier = journal.earlierOf(index);
    return { earlier, onNews: (news) => this.#take(index, news, earlier) };
  };

  /** What goes with an image that is drawn again, to compare it with its row: it is counted, not kept. */
  readonly comparedOf = (index: number): KeptSamples => ({
    earlier: undefined,
    onNews: (news) => {
      this.#run.underWay.add(index, news, true);
      this.#run.tell();
    },
  });

  #take(index: number, news: SampleNews, earlier: EarlierSamples | undefined): void {
    const { journal, engine = null, underWay, tell } = this.#run;
    if (news.other) {
      this.#refuse(index, news.other);
      for (const { drawn } of earlier?.pieces ?? []) underWay.resumedSamples -= drawn;
      journal.forget(index);
    }
    journal.add(index, { ...news, record: { ...news.record, engine } });
    underWay.add(index, news);
    journal.flushIfDue();
    tell();
  }

  /** Throws OptionError unless an image with other votes may be drawn anew. */
  #refuse(index: number, other: OtherSamples): void {
    const { call, journal, recheck } = this.#run;
    const at = `${journal.path}, image ${index},`;
    if (other.kind === 'setting') throw otherSetting(call, at, other.name, other.expected, JSON.stringify(other.found));
    if (!recheck) return;
    const got = `${journal.path} where copies of image ${index} now vote otherwise`;
    const way = 'take another file; to draw that image anew set `recheck: false`';
    const must = 'must have a journal of this model, these images and this backend';
    throw refusal(OptionError, { call, field: 'file', value: journal.path, got, way }, must);
  }
}

/** The run that a journal must belong to. */
interface JournalRun {
  readonly call: string;
  readonly key: Key | undefined;
  readonly numClasses: number;
  /** What runs the classifier. */
  readonly engine: string | undefined;
  /** Settings, as far as they are known. */
  readonly settings: RunSettings;
  /** A row of the log. */
  readonly first: Pick<Certificate, keyof RunSettings> | undefined;
}

/** Throws OptionError unless all that a journal holds was drawn with the key, the settings and the engine of a run. @internal */
export function checkJournal(journal: SampleJournal, run: JournalRun): void {
  const { call, key, numClasses, engine, settings, first } = run;
  const expected = { ...first, ...settings };
  for (const [index, record] of journal.records()) {
    const at = `${journal.path}, image ${index},`;
    checkKeyOf(index, record.key, { call, at, key });
    checkSettingsOf(record, { call, at, settings: expected });
    if (record.engine !== undefined) checkEngine(record.engine, engine, { call, at });
    if (record.classes !== numClasses) throw otherSetting(call, at, 'numClasses', numClasses, String(record.classes));
  }
}
