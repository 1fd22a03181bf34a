import { describe, expect, it } from 'vitest';
import type { CameraZones } from '../api/types';
import type { Point } from '../geometry/polygon';
import { type Draft, faults, isInPixels, newZone, same, toDraft, toEntry, withAlerting, withoutZone, withZone } from './draft';

const SQUARE: Point[] = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]];

const ENTRY: CameraZones = {
  camera_id: 'gate-1',
  forbidden_rois: [
    { name: 'Pit', points: [[128, 72], [640, 72], [640, 360]], classes: ['person'], anchor: 'bottom_center', n_of_m: { n: 2, m: 3 }, dwell_seconds: 1.5, repeat_seconds: 30, severity: 'critical' },
    { name: null, points: [[0, 0], [1280, 0], [1280, 720]], n_of_m: { n: 1, m: 1 }, dwell_seconds: 0, repeat_seconds: 60 },
  ],
  allowed_classes: ['pine', 'worker'],
  alert_classes: ['object'],
  strict_mode: true,
  reference_size: [1280, 720],
};

function draft(): Draft {
  return toDraft(ENTRY, { width: 1280, height: 720 });
}

function keyOf(at: number, from: Draft): number {
  return from.zones[at]?.key ?? -1;
}

describe('an entry', () => {
  it('in pixels is edited and stored in shares of the picture', () => {
    expect(isInPixels(ENTRY)).toBe(true);
    const stored = toEntry('gate-1', draft());
    expect(stored.forbidden_rois[0]?.points).toEqual([[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]);
    expect(isInPixels(stored)).toBe(false);
    expect(stored).not.toHaveProperty('reference_size');
  });

  it('keeps every setting', () => {
    expect(toEntry('gate-1', draft()).forbidden_rois[0]).toEqual({
      ...ENTRY.forbidden_rois[0],
      points: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]],
    });
  });

  it('keeps keys that this page does not know', () => {
    const entry = { ...ENTRY, schedule: 'nights', forbidden_rois: [{ ...ENTRY.forbidden_rois[0], colour: 'red' }] } as unknown as CameraZones;
    const stored = toEntry('gate-1', toDraft(entry, { width: 1280, height: 720 }));
    expect(stored).toHaveProperty('schedule', 'nights');
    expect(stored.forbidden_rois[0]).toHaveProperty('colour', 'red');
  });

  it('is the same after a round trip', () => {
    const once = draft();
    expect(same(once, toDraft(toEntry('gate-1', once), null))).toBe(true);
  });

  it('gives a nameless zone the name under which it raises alerts', () => {
    expect(draft().zones[1]?.name).toBe('roi_2');
  });
});

describe('a change', () => {
  it('makes a different draft, and undoing it by hand the same one', () => {
    const before = draft();
    const after = withZone(before, keyOf(0, before), { name: 'Dock' });
    expect(same(before, after)).toBe(false);
    expect(same(before, withZone(after, keyOf(0, before), { name: 'Pit' }))).toBe(true);
  });

  it('removes one zone and leaves the others', () => {
    const before = draft();
    expect(withoutZone(before, keyOf(0, before)).zones.map((zone) => zone.name)).toEqual(['roi_2']);
  });

  it('gives a new zone a name that is free', () => {
    const first = newZone(SQUARE, []);
    const second = newZone(SQUARE, [first]);
    expect([first.name, second.name]).toEqual(['Zone 1', 'Zone 2']);
    expect(newZone(SQUARE, [second]).name).toBe('Zone 3');
  });

  it('takes a class that must raise alerts off the allowed ones', () => {
    expect(withAlerting(draft(), ['object', 'worker']).allowed).toEqual(['pine']);
  });
});

describe('a fault', () => {
  const withFirst = (change: Parameters<typeof withZone>[2]): Draft => {
    const all = draft();
    return withZone(all, keyOf(0, all), change);
  };

  it('is not found in a good draft', () => {
    expect(faults(draft())).toEqual([]);
  });

  it.each([
    [{ name: '  ' }, /name/],
    [{ name: ' roi_2 ' }, /Another zone/],
    [{ corners: [] }, /three corners/],
    [{ corners: [[0.1, 0.1], [0.1001, 0.1], [0.1, 0.1001]] as Point[] }, /too small/],
    [{ classes: [] }, /at least one kind/],
    [{ n: 4, m: 3 }, /3 of 5/],
    [{ n: 0 }, /3 of 5/],
    [{ m: 65 }, /3 of 5/],
    [{ n: Number.NaN }, /3 of 5/],
    [{ dwellSeconds: -1 }, /negative/],
  ])('is found in %o', (change, message) => {
    const found = faults(withFirst(change));
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]?.message).toMatch(message);
  });
});
