import { isAborted } from '../api/http';
import { backoff } from './backoff';

/**
 * Asks again and again while the page is visible: after `everyMs` when it went well, later and later when it did not.
 * Returns how to stop. `ask` is given a signal that ends with the polling, and throws when it fails.
 */
export function poll(everyMs: number, ask: (signal: AbortSignal) => Promise<void>): () => void {
  const stop = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let asking = false;

  const turn = async (): Promise<void> => {
    clearTimeout(timer);
    if (document.hidden || asking) return;
    asking = true;
    try {
      await ask(stop.signal);
      failures = 0;
    } catch (failure) {
      if (isAborted(failure)) return;
      failures += 1;
    } finally {
      asking = false;
    }
    if (stop.signal.aborted) return;
    timer = setTimeout(() => void turn(), failures === 0 ? everyMs : Math.max(everyMs, backoff(failures, Math.random())));
  };

  const wake = (): void => void turn();
  document.addEventListener('visibilitychange', wake);
  wake();
  return () => {
    stop.abort();
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
  };
}
