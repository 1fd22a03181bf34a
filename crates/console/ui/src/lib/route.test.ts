import { describe, expect, it } from 'vitest';
import { alertHref, ALL_RUNS, href, NO_FILTER, parseRoute, type Route } from './route';

describe('a route', () => {
  const routes: Route[] = [
    { page: 'wall' },
    { page: 'camera', camera: 'gate-1' },
    { page: 'alerts', alert: null, filter: NO_FILTER },
    { page: 'alerts', alert: 'a1b2', filter: { camera: 'gate-1', class: 'traffic light', zone: 'Muelle nº 2 & más', range: 'day' } },
    { page: 'zones', camera: null, zone: null },
    { page: 'zones', camera: 'gate.1', zone: 'a/b?c#d' },
    { page: 'system' },
    { page: 'robots' },
    { page: 'robot', robot: 'robot-a', view: 'live', point: null },
    { page: 'robot', robot: 'robot-a', view: 'route', point: '17/4' },
    { page: 'schedule', robot: null },
    { page: 'schedule', robot: 'robot-b' },
    { page: 'settings', robot: 'robot-b' },
    { page: 'runs', filter: ALL_RUNS },
    { page: 'runs', filter: { robot: 'robot-a', status: 'completed', verdict: 'NG', from: '2026-11-01', to: '2026-11-20' } },
    { page: 'run', run: 12 },
    { page: 'reports', report: null },
    { page: 'reports', report: 3 },
    { page: 'usage', robot: null, days: 30 },
    { page: 'usage', robot: 'robot-a', days: 90 },
    { page: 'shares' },
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

  it('has no patrol with a number that is none, and no day that is none', () => {
    expect(parseRoute('#/patrols/last?from=yesterday')).toEqual({ page: 'runs', filter: ALL_RUNS });
    expect(parseRoute('#/costs?days=9999')).toEqual({ page: 'usage', robot: null, days: 30 });
  });

  it('links to an alert without a filter', () => {
    expect(alertHref('abc')).toBe('#/alerts/abc');
  });
});
