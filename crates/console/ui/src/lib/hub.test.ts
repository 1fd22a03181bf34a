import { beforeEach, describe, expect, it } from 'vitest';
import { Hub, type Listener, type Source, type Tell } from './hub';

class FakeSource implements Source {
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly takes = new Map<string, (event: { data: string; lastEventId: string }) => void>();

  constructor(readonly path: string) {}

  addEventListener(event: string, take: (event: { data: string; lastEventId: string }) => void): void {
    this.takes.set(event, take);
  }

  close(): void {
    this.readyState = 2;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  breaks(forGood: boolean): void {
    this.readyState = forGood ? 2 : 0;
    this.onerror?.();
  }

  sends(event: string, data: string, lastEventId = ''): void {
    this.takes.get(event)?.({ data, lastEventId });
  }
}

class Page implements Listener {
  heard: Tell[] = [];

  tell(tell: Tell): void {
    this.heard.push(tell);
  }

  get events(): string[] {
    return this.heard.flatMap((tell) => (tell.kind === 'event' ? [tell.data] : []));
  }
}

const OPEN = { kind: 'open', path: '/events', events: ['state', 'verdict'], kept: ['state'] } as const;

let sources: FakeSource[];
let waiting: (() => void)[];
let now: number;
let hub: Hub;

beforeEach(() => {
  [sources, waiting, now] = [[], [], 0];
  const open = (path: string): Source => {
    const source = new FakeSource(path);
    sources.push(source);
    return source;
  };
  const later = (_: unknown, __: number, then: () => void): (() => void) => {
    waiting.push(then);
    return () => waiting.splice(waiting.indexOf(then), 1);
  };
  hub = new Hub({ open, later, now: () => now }, () => 0);
});

function join(page = new Page()): Page {
  hub.hear(page, { ...OPEN, events: [...OPEN.events], kept: [...OPEN.kept] });
  return page;
}

describe('a stream', () => {
  it('is opened once for all pages', () => {
    const [first, second] = [join(), join()];
    sources[0]?.opens();
    sources[0]?.sends('state', 'a');
    expect(sources).toHaveLength(1);
    expect([first.events, second.events]).toEqual([['a'], ['a']]);
  });

  it('tells a page that comes late how it is now, and nothing that has passed', () => {
    join();
    sources[0]?.opens();
    sources[0]?.sends('state', 'a');
    sources[0]?.sends('state', 'b');
    sources[0]?.sends('verdict', 'v');
    expect(join().heard).toEqual([
      { path: '/events', kind: 'connected', connected: true },
      { path: '/events', kind: 'event', event: 'state', data: 'b', id: '' },
    ]);
  });

  it('does not tell how it was before the connection broke', () => {
    join();
    sources[0]?.opens();
    sources[0]?.sends('state', 'a');
    sources[0]?.breaks(false);
    expect(join().heard).toEqual([{ path: '/events', kind: 'connected', connected: false }]);
  });

  it('is closed when the last page has left', () => {
    const [first, second] = [join(), join()];
    hub.hear(first, { kind: 'close', path: '/events' });
    expect(sources[0]?.readyState).toBe(0);
    hub.hear(second, { kind: 'close', path: '/events' });
    expect(sources[0]?.readyState).toBe(2);
  });

  it('goes on after its last event when the service refused it meanwhile', () => {
    join();
    sources[0]?.opens();
    sources[0]?.sends('verdict', 'v', '12-3');
    sources[0]?.breaks(true);
    waiting.shift()?.();
    expect(sources[1]?.path).toBe('/events?last_event_id=12-3');
  });

  it('is not opened again for nobody', () => {
    const page = join();
    sources[0]?.breaks(true);
    hub.hear(page, { kind: 'close', path: '/events' });
    expect(waiting).toHaveLength(0);
  });
});

describe('a page', () => {
  it('that asks twice hears everything once', () => {
    const page = join();
    join(page);
    sources[0]?.opens();
    sources[0]?.sends('state', 'a');
    expect(page.events).toEqual(['a']);
  });

  it('that is silent for long was closed', () => {
    const [gone, here] = [join(), join()];
    now = 149_000;
    hub.hear(here, { kind: 'alive' });
    now = 151_000;
    hub.sweep();
    sources[0]?.opens();
    sources[0]?.sends('state', 'a');
    expect([gone.events, here.events]).toEqual([[], ['a']]);
    now = 400_000;
    hub.sweep();
    expect(sources[0]?.readyState).toBe(2);
  });
});
