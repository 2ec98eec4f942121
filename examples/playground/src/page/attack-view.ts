/**
 * One model under attack: the network alone and the smoothed classifier, side by side.
 */
import {
  type AttackedAnswer,
  type AttackResult,
  type CertifyResult,
  MODEL_TITLES,
  type ModelName,
} from '../protocol.ts';
import { cut, element, picture } from './elements.ts';

/** What is known about an attack. */
export interface Attacked {
  readonly model: ModelName;
  readonly epsilon: number;
  readonly result: AttackResult;
  /** The certificate of the same image at the same settings, if there is one. */
  readonly certificate: CertifyResult | undefined;
}

/** The column of one model. */
export function attackView({ model, epsilon, result, certificate }: Attacked): HTMLElement {
  const column = element('article', 'attacked');
  column.dataset['model'] = model;
  const tiles = element('div', 'tiles');
  tiles.append(tile('network alone', result.base), tile('smoothed', result.smoothed));
  const fate = epsilonAgainst(certificate, epsilon);
  column.append(
    element('h3', '', MODEL_TITLES[model]),
    tiles,
    element('p', fate.good ? 'quiet good' : 'quiet', fate.text),
  );
  return column;
}

/** One line about both, to be announced. */
export function attackSummary({ model, result }: Attacked): string {
  const fate = (answer: AttackedAnswer): string => (succeeds(answer) ? 'broken' : 'holds');
  return `${MODEL_TITLES[model]}: network alone ${fate(result.base)}, smoothed ${fate(result.smoothed)}.`;
}

function tile(name: string, answer: AttackedAnswer): HTMLElement {
  const broken = succeeds(answer);
  const made = element('div', 'tile');
  made.dataset['broken'] = String(broken);
  made.append(
    element('p', 'quiet', name),
    picture(answer.image, `attacked image, ${name}`),
    element(
      'p',
      broken ? 'bad' : 'good',
      `${say(answer.before)} → ${say(answer.after)}: ${broken ? 'broken' : 'holds'}`,
    ),
    element('p', 'quiet', `moved by ${answer.distance.toFixed(2)}, ${cut(100 * answer.share, 0)} %`),
  );
  return made;
}

/** An attack succeeds if there is now another answer; an abstention is none. */
function succeeds({ before, after }: AttackedAnswer): boolean {
  return before >= 0 && after >= 0 && before !== after;
}

function say(label: number): string {
  return label < 0 ? 'too close to call' : String(label);
}

function epsilonAgainst(certificate: CertifyResult | undefined, epsilon: number): { text: string; good: boolean } {
  if (certificate === undefined) return { text: 'Not certified at these settings: certify to compare.', good: false };
  const radius = cut(certificate.radius, 3);
  if (certificate.radius > epsilon) {
    return {
      text: `ε ${epsilon} is within the certified radius ${radius}: no attack of this size can succeed, up to α.`,
      good: true,
    };
  }
  return { text: `ε ${epsilon} is beyond the certified radius ${radius}: nothing is promised.`, good: false };
}
