import type { Counters } from '../api/types';

/** Returns the share of due pictures that nothing looked at. */
export function missed(counters: Counters): number {
  if (counters.due <= 0) return 0;
  return Math.min(1, Math.max(0, (counters.due - counters.processed) / counters.due));
}
