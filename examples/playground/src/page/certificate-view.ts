/**
 * One model's votes, running bound and verdict.
 */
import { type BaseAnswer, type CertifyResult, MODEL_TITLES, type ModelName, type VotesState } from '../protocol.ts';
import { Chart } from './chart.ts';
import { cut, element } from './elements.ts';

/** Wall-clock times since the person asked, in milliseconds. */
export interface Times {
  /** When a radius above 0 was there. */
  readonly first: number | undefined;
  readonly last: number;
}

/** The column of one model. */
export class CertificateView {
  readonly element: HTMLElement = element('article', 'certificate');
  readonly #base = element('p', 'quiet', ' ');
  readonly #radius = element('p', 'number radius', ' ');
  readonly #bound = element('p', 'quiet', ' ');
  readonly #chart: Chart;
  readonly #rows: { readonly row: HTMLElement; readonly bar: HTMLElement; readonly count: HTMLElement }[];

  constructor(model: ModelName, width: number) {
    const title = MODEL_TITLES[model];
    this.element.dataset['model'] = model;
    this.#chart = new Chart({
      label: `${title}: certified radius against votes`,
      xName: 'votes',
      yName: 'certified radius',
      width,
      yMax: 0.5,
    });
    const votes = element('ol', 'votes');
    votes.ariaLabel = 'Votes for the digits 0 to 9';
    this.#rows = Array.from({ length: 10 }, (_, digit) => {
      const [row, track, bar, count] = [element('li'), element('div', 'track'), element('div', 'bar'), element('span')];
      count.className = 'count';
      track.append(bar);
      row.append(element('span', '', String(digit)), track, count);
      votes.append(row);
      return { row, bar, count };
    });
    this.element.append(element('h3', '', title), this.#base, this.#radius, this.#bound, this.#chart.element, votes);
  }

  /** What the network says without noise. */
  showBase({ label, confidence }: BaseAnswer): void {
    this.#base.textContent = `network alone: ${label} (${cut(100 * confidence, 1)} %, no promise)`;
  }

  /** Votes so far. */
  showVotes({ counts, used, candidate, lower, radius }: VotesState): void {
    const most = Math.max(1, used);
    this.#rows.forEach(({ row, bar, count }, digit) => {
      const votes = counts[digit] ?? 0;
      row.classList.toggle('candidate', digit === candidate);
      bar.style.width = `${(100 * votes) / most}%`;
      count.textContent = String(votes);
    });
    this.#radius.textContent = radius > 0 ? `${candidate} within ${cut(radius, 3)}` : `${candidate}? no radius yet`;
    this.#bound.textContent = `share of ${candidate}: at least ${cut(lower, 4)}, from ${used} votes`;
    this.#chart.add(used, radius);
  }

  /** The verdict in words, which is also announced. */
  conclude(model: ModelName, { label, abstained, radius, used, stop }: CertifyResult, times: Times): string {
    const ended = stop === 'a-person' ? ', stopped by you' : '';
    this.element.dataset['label'] = String(label);
    this.element.dataset['radius'] = String(radius);
    const votes = `${used} votes in ${(times.last / 1000).toFixed(2)} s${ended}`;
    if (abstained) {
      this.#radius.textContent = 'abstains';
      return `${MODEL_TITLES[model]} abstains: ${votes}.`;
    }
    const first = times.first === undefined ? '' : `; first verdict after ${(times.first / 1000).toFixed(2)} s`;
    return `${MODEL_TITLES[model]}: ${label} within radius ${cut(radius, 3)}; ${votes}${first}.`;
  }
}
