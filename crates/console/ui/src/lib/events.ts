import { backoff } from './backoff';

/** What is done with the events of a stream. */
export interface Listener {
  /** Called with the data of each event of a kind that is listened to. */
  on: Record<string, (data: unknown) => void>;
  /** Called when the stream begins and when it breaks off. */
  connected: (connected: boolean) => void;
}

/**
 * Listens to a stream of events while the page is visible, and begins anew when it breaks off. A browser opens only six connections to a
 * site, for all its tabs together: those that nobody looks at must not keep theirs. Returns how to stop.
 */
export function listen(path: string, { on, connected }: Listener): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;

  const close = (): void => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };

  const open = (): void => {
    close();
    if (document.hidden) return;
    const current = new EventSource(path);
    source = current;
    current.onopen = () => {
      attempt = 0;
      connected(true);
    };
    current.onerror = () => {
      connected(false);
      // The browser tries again by itself unless the answer was an error; then it gives up for good and it is up to us.
      if (current.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, backoff(attempt, Math.random()));
      attempt += 1;
    };
    for (const [kind, take] of Object.entries(on)) {
      current.addEventListener(kind, (event: MessageEvent<string>) => take(parsed(event.data)));
    }
  };

  document.addEventListener('visibilitychange', open);
  open();
  return () => {
    close();
    document.removeEventListener('visibilitychange', open);
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
