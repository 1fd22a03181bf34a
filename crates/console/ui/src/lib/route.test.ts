import { describe, expect, it } from 'vitest';
import { alertHref, href, NO_FILTER, parseRoute, type Route } from './route';

describe('a route', () => {
  const routes: Route[] = [
    { page: 'wall' },
    { page: 'camera', camera: 'gate-1' },
    { page: 'alerts', alert: null, filter: NO_FILTER },
    { page: 'alerts', alert: 'a1b2', filter: { camera: 'gate-1', class: 'traffic light', zone: 'Muelle nº 2 & más', range: 'day' } },
    { page: 'zones', camera: null, zone: null },
    { page: 'zones', camera: 'gate.1', zone: 'a/b?c#d' },
    { page: 'system' },
  ];

  it.each(routes)('survives being written and read: $page', (route) => {
    expect(parseRoute(href(route))).toEqual(route);
  });

  it('falls back to the wall when unknown', () => {
    expect(parseRoute('')).toEqual({ page: 'wall' });
    expect(parseRoute('#/nowhere/at/all')).toEqual({ page: 'wall' });
    expect(parseRoute('#/cameras')).toEqual({ page: 'wall' });
  });

  it('keeps a name that is not properly encoded', () => {
    expect(parseRoute('#/cameras/100%')).toEqual({ page: 'camera', camera: '100%' });
  });

  it('ignores a range that does not exist', () => {
    expect(parseRoute('#/alerts?range=fortnight')).toEqual({ page: 'alerts', alert: null, filter: NO_FILTER });
  });

  it('links to an alert without a filter', () => {
    expect(alertHref('abc')).toBe('#/alerts/abc');
  });
});
