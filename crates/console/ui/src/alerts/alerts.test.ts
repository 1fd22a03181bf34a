import { describe, expect, it } from 'vitest';
import type { Alert } from '../api/types';
import { NO_FILTER } from '../lib/route';
import { explanation, grouped, headline, listPath, matches, merged, snapshotPath } from './alerts';

const NOW = Date.parse('2026-11-20T12:00:00Z');

function alert(id: string, changes: Partial<Alert> = {}): Alert {
  return {
    alert_id: id,
    camera_id: 'gate-1',
    timestamp: '2026-11-20T11:00:00Z',
    captured_at: '2026-11-20T11:00:00Z',
    detection: { class_id: 0, class_name: 'person', confidence: 0.9, bbox: [1, 2, 3, 4], center: [2, 3], is_unknown: false },
    roi_hit: true,
    roi_name: 'Loading bay',
    violation_type: 'forbidden_class',
    track_id: 4,
    severity: 'critical',
    snapshot: `/streams/snapshots/${id}.jpg`,
    model: null,
    image_size: [640, 360],
    allowed_classes: ['truck', 'worker'],
    strict_mode: true,
    frame_id: 'gate-1_9',
    ...changes,
  } as Alert;
}

const at = (time: string): Partial<Alert> => ({ captured_at: `2026-11-20T${time}Z` });
const ids = (alerts: Alert[]): string[] => alerts.map((one) => one.alert_id);

describe('joining lists', () => {
  it('puts the newest first and shows each alert once', () => {
    const known = [alert('b', at('11:00:00')), alert('a', at('10:00:00'))];
    expect(ids(merged(known, [alert('c', at('11:30:00')), alert('b', at('11:00:00'))]))).toEqual(['c', 'b', 'a']);
  });

  it('places a late one where it belongs', () => {
    expect(ids(merged([alert('c', at('11:30:00')), alert('a', at('10:00:00'))], [alert('b', at('11:00:00'))]))).toEqual(['c', 'b', 'a']);
  });

  it('keeps what the live alert did not say', () => {
    const recorded = alert('a', { outcome: 'delivered' });
    expect(merged([recorded], [alert('a')])[0]?.outcome).toBe('delivered');
    expect(merged([alert('a')], [recorded])[0]?.outcome).toBe('delivered');
  });

  it('has a fixed order for alerts of the same moment', () => {
    expect(ids(merged([alert('b')], [alert('a')]))).toEqual(['a', 'b']);
    expect(ids(merged([alert('a')], [alert('b')]))).toEqual(['a', 'b']);
  });
});

describe('a filter', () => {
  it.each([
    [{}, true],
    [{ camera: 'gate-1', class: 'person', zone: 'Loading bay' }, true],
    [{ camera: 'gate-2' }, false],
    [{ class: 'car' }, false],
    [{ zone: 'Pit' }, false],
    [{ range: 'day' as const }, true],
    [{ range: 'hour' as const }, true],
  ])('%o keeps the alert: %s', (filter, kept) => {
    expect(matches(alert('a'), { ...NO_FILTER, ...filter }, NOW)).toBe(kept);
  });

  it('lets an alert go when it becomes too old', () => {
    expect(matches(alert('a'), { ...NO_FILTER, range: 'hour' }, NOW + 1)).toBe(false);
  });

  it('becomes the query of the list', () => {
    expect(listPath({ camera: 'gate-1', class: null, zone: 'A & B', range: 'hour' }, 'next', 40, NOW)).toBe(
      '/alerts/api/v1/alerts?limit=40&camera=gate-1&zone=A+%26+B&from=2026-11-20T11%3A00%3A00.000Z&cursor=next',
    );
  });
});

describe('the words of an alert', () => {
  it('say what happened and why it matters', () => {
    expect(headline(alert('a'))).toBe('Person in Loading bay');
    expect(headline(alert('a', { roi_name: null }))).toBe('Person');
    expect(explanation(alert('a'))).toBe('Only truck and worker may be inside Loading bay.');
    expect(explanation(alert('a', { strict_mode: false }))).toBe('Person must not be inside Loading bay.');
    expect(explanation(alert('a', { violation_type: 'unknown_object' }))).toContain('could not be recognised');
  });
});

describe('a snapshot', () => {
  it('is taken from this server, whatever address the alert carries', () => {
    expect(snapshotPath(alert('a', { snapshot: 'https://site.example/streams/snapshots/a.jpg?x=1' }))).toBe('/streams/snapshots/a.jpg?x=1');
    expect(snapshotPath(alert('a'))).toBe('/streams/snapshots/a.jpg');
    expect(snapshotPath(alert('a', { snapshot: null }))).toBeNull();
  });
});

describe('groups', () => {
  it('follow the order of the list', () => {
    const list = [alert('c', { camera_id: 'x' }), alert('b', { camera_id: 'x' }), alert('a', { camera_id: 'y' })];
    expect(grouped(list, (one) => one.camera_id).map((group) => [group.name, ids(group.alerts)])).toEqual([
      ['x', ['c', 'b']],
      ['y', ['a']],
    ]);
    expect(grouped([], () => '')).toEqual([]);
  });
});
