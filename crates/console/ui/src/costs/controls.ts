import type { ControlDay, ControlQuestions } from '../api/patrol';

const DAY_MS = 86_400_000;

/** A day of one model; nothing was asked on most days of most models. */
export type Day = Pick<ControlDay, 'date' | 'asked' | 'passed' | 'failed' | 'unanswered'>;

export interface Score {
  model: string;
  asked: number;
  passed: number;
  failed: number;
  unanswered: number;
  /** The share that was answered rightly, of those that were answered at all. */
  share: number | null;
  /** Every day of the period. */
  days: Day[];
}

/** Returns each model with every day of a period; the one that was asked most comes first. */
export function scores({ models, days }: Pick<ControlQuestions, 'models' | 'days'>, from: string, to: string): Score[] {
  const known = new Map(days.map((day) => [`${day.model} ${day.date.slice(0, 10)}`, day]));
  const all: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) all.push(new Date(at).toISOString().slice(0, 10));
  return models
    .map(({ model, asked, passed, failed, unanswered, share }) => ({
      model: model === '' ? 'An unknown model' : model,
      asked,
      passed,
      failed,
      unanswered,
      share: share ?? null,
      days: all.map((date) => known.get(`${model} ${date}`) ?? { date, asked: 0, passed: 0, failed: 0, unanswered: 0 }),
    }))
    .sort((a, b) => b.asked - a.asked);
}
