import type { Counters } from '../api/types';

/** Returns the share of pictures that should have been looked at and were not. */
export function missed({ due, processed, skipped }: Pick<Counters, 'due' | 'processed' | 'skipped'>): number {
  const wanted = due + skipped.late;
  if (wanted <= 0) return 0;
  return Math.min(1, Math.max(0, (wanted - processed) / wanted));
}
