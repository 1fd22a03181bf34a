import { backoff } from './backoff';
import { Hub, type Source } from './hub';

/** Returns a hub on the browser's own streams and clock. */
export function browserHub(): Hub {
  const world = {
    open: (path: string): Source => new EventSource(path) as unknown as Source,
    later: (pause: (attempt: number) => number, attempt: number, then: () => void): (() => void) => {
      const timer = setTimeout(then, pause(attempt));
      return () => clearTimeout(timer);
    },
    now: () => Date.now(),
  };
  return new Hub(world, (attempt) => backoff(attempt, Math.random()));
}
