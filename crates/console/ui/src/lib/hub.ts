/** What a page asks of the worker that listens for all of them. */
export type Ask = { kind: 'open'; path: string; events: string[]; kept: string[] } | { kind: 'close'; path: string } | { kind: 'alive' };

/** What the worker tells a page. */
export type Tell = { path: string } & ({ kind: 'connected'; connected: boolean } | { kind: 'event'; event: string; data: string; id: string });

/** A stream of events as browsers have it; tests have another. */
export interface Source {
  readyState: number;
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  addEventListener: (event: string, take: (event: { data: string; lastEventId: string }) => void) => void;
  close: () => void;
}

/** The outside of the hub. */
export interface World {
  open: (path: string) => Source;
  later: (after: (attempt: number) => number, attempt: number, then: () => void) => () => void;
  now: () => number;
}

/** Who listens. */
export interface Listener {
  tell: (tell: Tell) => void;
}

interface Stream {
  source: Source | null;
  connected: boolean;
  attempt: number;
  lastId: string;
  listeners: Set<Listener>;
  events: Set<string>;
  /** The last event of each kind that every new listener must hear first. */
  kept: Map<string, Tell | null>;
  cancel: () => void;
}

const CLOSED = 2;
/** Pages say that they are alive every ten seconds; hidden ones are slowed down to one word a minute. */
const SILENT_MS = 150_000;

/**
 * Listens to each stream of events once, for all pages of the console together. A browser opens only six connections to a site: a page that
 * kept its own for each stream would leave none for the requests of the others.
 */
export class Hub {
  readonly #streams = new Map<string, Stream>();
  readonly #heard = new Map<Listener, number>();

  constructor(
    private readonly world: World,
    private readonly pause: (attempt: number) => number,
  ) {}

  /** Takes a page's word. */
  hear(listener: Listener, ask: Ask): void {
    this.#heard.set(listener, this.world.now());
    if (ask.kind === 'open') this.#join(listener, ask);
    else if (ask.kind === 'close') this.#leave(listener, ask.path);
  }

  /** Forgets pages that were closed without a word. */
  sweep(): void {
    for (const [listener, at] of this.#heard) {
      if (this.world.now() - at < SILENT_MS) continue;
      this.#heard.delete(listener);
      for (const path of [...this.#streams.keys()]) this.#leave(listener, path);
    }
  }

  #join(listener: Listener, { path, events, kept }: { path: string; events: string[]; kept: string[] }): void {
    const known = this.#streams.get(path);
    if (known !== undefined) {
      if (known.listeners.has(listener)) return;
      known.listeners.add(listener);
      listener.tell({ path, kind: 'connected', connected: known.connected });
      for (const tell of known.kept.values()) if (tell !== null) listener.tell(tell);
      return;
    }
    const stream: Stream = { source: null, connected: false, attempt: 0, lastId: '', listeners: new Set([listener]), events: new Set(events), kept: new Map(kept.map((event) => [event, null])), cancel: () => undefined };
    this.#streams.set(path, stream);
    this.#connect(path, stream);
  }

  #leave(listener: Listener, path: string): void {
    const stream = this.#streams.get(path);
    stream?.listeners.delete(listener);
    if (stream === undefined || stream.listeners.size > 0) return;
    stream.cancel();
    stream.source?.close();
    this.#streams.delete(path);
  }

  #connect(path: string, stream: Stream): void {
    const source = this.world.open(stream.lastId === '' ? path : `${path}?last_event_id=${encodeURIComponent(stream.lastId)}`);
    stream.source = source;
    source.onopen = () => {
      stream.attempt = 0;
      this.#connected(path, stream, true);
    };
    source.onerror = () => {
      this.#connected(path, stream, false);
      // The browser tries again by itself unless the answer was an error; then it gives up for good and it is up to us.
      if (source.readyState !== CLOSED) return;
      stream.cancel = this.world.later(this.pause, stream.attempt, () => this.#connect(path, stream));
      stream.attempt += 1;
    };
    for (const event of stream.events) {
      source.addEventListener(event, ({ data, lastEventId }) => {
        if (lastEventId !== '') stream.lastId = lastEventId;
        this.#tell(stream, { path, kind: 'event', event, data, id: lastEventId });
      });
    }
  }

  #connected(path: string, stream: Stream, connected: boolean): void {
    stream.connected = connected;
    // What was so before a break need not be so after it: the service tells how it is.
    for (const event of stream.kept.keys()) if (!connected) stream.kept.set(event, null);
    this.#tell(stream, { path, kind: 'connected', connected });
  }

  #tell(stream: Stream, tell: Tell): void {
    if (tell.kind === 'event' && stream.kept.has(tell.event)) stream.kept.set(tell.event, tell);
    for (const listener of stream.listeners) listener.tell(tell);
  }
}
