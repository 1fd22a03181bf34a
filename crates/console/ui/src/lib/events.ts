import type { Ask, Tell } from './hub';
import { browserHub } from './world';

/** What is done with the events of a stream. */
export interface Wanted {
  /** Called with each event of a kind that is listened to, and its id. */
  on: Record<string, (data: string, id: string) => void>;
  /** The kinds that say how something is now: who comes late hears the last one first. */
  kept?: string[];
  /** Called when the stream begins and when it breaks off. */
  connected: (connected: boolean) => void;
  /** Whether nothing need be heard while nobody looks. */
  onlyVisible?: boolean;
}

const ALIVE_MS = 10_000;

const here = new Set<(tell: Tell) => void>();
/** What this page listens to, to be asked for again if the worker cannot be had. */
const opened = new Map<string, Ask>();
let post: ((ask: Ask) => void) | null = null;

/** Listens to a stream of events, begun anew when it breaks off. All pages of the console share one connection to it. Returns how to stop. */
export function listen(path: string, { on, kept = [], connected, onlyVisible = false }: Wanted): () => void {
  post ??= begin();
  const ask = (what: Ask & { path: string }): void => {
    if (what.kind === 'close') opened.delete(what.path);
    else opened.set(what.path, what);
    post?.(what);
  };
  const take = (tell: Tell): void => {
    if (tell.path !== path) return;
    if (tell.kind === 'connected') connected(tell.connected);
    else on[tell.event]?.(tell.data, tell.id);
  };
  const open = (): void => ask({ kind: 'open', path, events: Object.keys(on), kept });
  const close = (): void => ask({ kind: 'close', path });
  const look = (): void => {
    if (document.hidden && onlyVisible) close();
    else if (!document.hidden) open();
  };
  here.add(take);
  document.addEventListener('visibilitychange', look);
  addEventListener('pagehide', close);
  addEventListener('pageshow', look);
  if (!document.hidden || !onlyVisible) open();
  return () => {
    here.delete(take);
    document.removeEventListener('visibilitychange', look);
    removeEventListener('pagehide', close);
    removeEventListener('pageshow', look);
    close();
  };
}

function begin(): (ask: Ask) => void {
  const tell = (tell: Tell): void => here.forEach((take) => take(tell));
  if (typeof SharedWorker === 'undefined') return alone(tell);
  const worker = new SharedWorker(new URL('./events.worker.ts', import.meta.url), { type: 'module', name: 'ronda-events' });
  // An old page may ask for a worker that was replaced together with the console.
  worker.onerror = () => {
    post = alone(tell);
    for (const ask of opened.values()) post(ask);
  };
  worker.port.onmessage = (message: MessageEvent<Tell>) => tell(message.data);
  setInterval(() => worker.port.postMessage({ kind: 'alive' } satisfies Ask), ALIVE_MS);
  return (ask) => worker.port.postMessage(ask);
}

/** A browser that has no shared workers listens for each page by itself. */
function alone(tell: (tell: Tell) => void): (ask: Ask) => void {
  const hub = browserHub();
  const listener = { tell };
  return (ask) => hub.hear(listener, ask);
}
