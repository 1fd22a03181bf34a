/** Where the operator is, as a value; the address after `#` is its written form. */
export type Route =
  | { page: 'wall' }
  | { page: 'camera'; camera: string }
  | { page: 'alerts'; alert: string | null; filter: Filter }
  | { page: 'zones'; camera: string | null; zone: string | null }
  | { page: 'system' }
  | { page: 'robots' }
  | { page: 'robot'; robot: string; view: RobotView; point: string | null }
  | { page: 'schedule'; robot: string | null }
  | { page: 'settings'; robot: string | null }
  | { page: 'runs'; filter: RunFilter }
  | { page: 'run'; run: number }
  | { page: 'reports'; report: number | null }
  | { page: 'usage'; robot: string | null; days: number }
  | { page: 'shares' };

/** What is shown of a robot: the robot itself, or its waypoints. */
export type RobotView = 'live' | 'route';

/** Which patrols the operator wants to see; days are written `2026-11-20`. */
export interface RunFilter {
  robot: string | null;
  status: string | null;
  verdict: string | null;
  from: string | null;
  to: string | null;
}

export const ALL_RUNS: RunFilter = { robot: null, status: null, verdict: null, from: null, to: null };

/** The number of days that costs are shown of. */
export const USAGE_DAYS = [7, 30, 90] as const;
const USUAL_DAYS = 30;

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
  const [page = '', rest = null, more = null] = path.split('/').filter(Boolean).map(decode);
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
    case 'robots':
      return rest === null ? { page: 'robots' } : { page: 'robot', robot: rest, view: more === 'route' ? 'route' : 'live', point: asked.get('point') };
    case 'schedule':
      return { page: 'schedule', robot: rest };
    case 'settings':
      return { page: 'settings', robot: rest };
    case 'patrols':
      return parsePatrols(rest, asked);
    case 'reports':
      return { page: 'reports', report: number(rest) };
    case 'costs':
      return { page: 'usage', robot: rest, days: USAGE_DAYS.find((days) => String(days) === asked.get('days')) ?? USUAL_DAYS };
    case 'links':
      return { page: 'shares' };
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
    case 'robots':
      return '#/robots';
    case 'robot':
      return `#/robots/${encodeURIComponent(route.robot)}${route.view === 'live' ? '' : '/route'}${query({ point: route.point })}`;
    case 'schedule':
      return `#/schedule${part(route.robot)}`;
    case 'settings':
      return `#/settings${part(route.robot)}`;
    case 'runs':
      return `#/patrols${query({ ...route.filter })}`;
    case 'run':
      return `#/patrols/${route.run}`;
    case 'reports':
      return `#/reports${part(route.report === null ? null : String(route.report))}`;
    case 'usage':
      return `#/costs${part(route.robot)}${query({ days: route.days === USUAL_DAYS ? null : String(route.days) })}`;
    case 'shares':
      return '#/links';
  }
}

/** Returns the link to a robot itself. */
export function robotHref(robot: string): string {
  return href({ page: 'robot', robot, view: 'live', point: null });
}

/** Returns the link to one alert, without a filter. */
export function alertHref(id: string): string {
  return href({ page: 'alerts', alert: id, filter: NO_FILTER });
}

function parsePatrols(rest: string | null, asked: URLSearchParams): Route {
  const run = number(rest);
  if (run !== null) return { page: 'run', run };
  const day = (name: string): string | null => (/^\d{4}-\d{2}-\d{2}$/.test(asked.get(name) ?? '') ? asked.get(name) : null);
  return { page: 'runs', filter: { robot: asked.get('robot'), status: asked.get('status'), verdict: asked.get('verdict'), from: day('from'), to: day('to') } };
}

function number(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
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
