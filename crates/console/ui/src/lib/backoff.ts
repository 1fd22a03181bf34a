const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Returns how long to wait before attempt number `attempt` (from 0): doubling, bounded, spread by `chance` (0 to 1). */
export function backoff(attempt: number, chance: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full * (0.5 + chance / 2));
}
