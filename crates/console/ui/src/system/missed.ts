import type { Counters } from '../api/types';

/** What is looked at of a camera's counters here. */
export type Look = Pick<Counters, 'due' | 'processed'> & { skipped: Pick<Counters['skipped'], 'late'> };

/** The counters of a camera at some time. */
export interface Sample {
  at: number;
  look: Look;
}

const WINDOW_MS = 60_000;
/** Above this share an operator should know that the machine cannot keep up. */
export const MUCH_MISSED = 0.1;

/** Returns the samples with a new one, without those that are too old or from before the service was started anew. */
export function sampled(samples: readonly Sample[], at: number, look: Look): Sample[] {
  const last = samples.at(-1);
  const startedAnew = last !== undefined && look.due < last.look.due;
  const kept = startedAnew ? [] : samples.filter((sample) => sample.at >= at - WINDOW_MS);
  return [...kept, { at, look }];
}

/** Returns the share of pictures of the last minute that should have been looked at and were not. */
export function missed(samples: readonly Sample[]): number {
  const [first, last] = [samples[0]?.look, samples.at(-1)?.look];
  if (first === undefined || last === undefined) return 0;
  const wanted = last.due - first.due + last.skipped.late - first.skipped.late;
  if (wanted <= 0) return 0;
  return Math.min(1, Math.max(0, (wanted - (last.processed - first.processed)) / wanted));
}
