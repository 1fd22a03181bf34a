/** Where the operator is, as a value; the address after `#` is its written form. */
export type Route =
  | { page: 'wall' }
  | { page: 'camera'; camera: string }
  | { page: 'alerts'; alert: string | null; filter: Filter }
  | { page: 'zones'; camera: string | null; zone: string | null }
  | { page: 'system' };

/** Which alerts the operator wants to see. */
export interface Filter {
  camera: string | null;
  class: string | null;
  zone: string | null;
  range: Range;
}

export type Range = 'all' | 'hour' | 'day' | 'week';

export const RANGES: Record<Range, { name: string; hours: number | null }> = {
  all: { name: 'Any time', hours: null },
  hour: { name: 'Last hour', hours: 1 },
  day: { name: 'Last 24 hours', hours: 24 },
  week: { name: 'Last 7 days', hours: 168 },
};

export const NO_FILTER: Filter = { camera: null, class: null, zone: null, range: 'all' };

/** Reads the part of an address that begins with `#`; anything unknown is the wall. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?');
  const [page = '', rest = null] = path.split('/').filter(Boolean).map(decode);
  const asked = new URLSearchParams(query);
  switch (page) {
    case 'cameras':
      return rest === null ? { page: 'wall' } : { page: 'camera', camera: rest };
    case 'alerts':
      return { page: 'alerts', alert: rest, filter: parseFilter(asked) };
    case 'zones':
      return { page: 'zones', camera: rest, zone: asked.get('zone') };
    case 'system':
      return { page: 'system' };
    default:
      return { page: 'wall' };
  }
}

/** Writes a route as a link. */
export function href(route: Route): string {
  switch (route.page) {
    case 'wall':
      return '#/';
    case 'camera':
      return `#/cameras/${encodeURIComponent(route.camera)}`;
    case 'alerts':
      return `#/alerts${part(route.alert)}${query({ ...route.filter, range: route.filter.range === 'all' ? null : route.filter.range })}`;
    case 'zones':
      return `#/zones${part(route.camera)}${query({ zone: route.zone })}`;
    case 'system':
      return '#/system';
  }
}

/** Returns the link to one alert, without a filter. */
export function alertHref(id: string): string {
  return href({ page: 'alerts', alert: id, filter: NO_FILTER });
}

function parseFilter(asked: URLSearchParams): Filter {
  const range = asked.get('range') ?? 'all';
  return {
    camera: asked.get('camera'),
    class: asked.get('class'),
    zone: asked.get('zone'),
    range: range in RANGES ? (range as Range) : 'all',
  };
}

function part(value: string | null): string {
  return value === null ? '' : `/${encodeURIComponent(value)}`;
}

function query(values: Record<string, string | null>): string {
  const asked = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== '') asked.set(key, value);
  }
  const text = asked.toString();
  return text === '' ? '' : `?${text}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
