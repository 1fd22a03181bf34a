import { describe, expect, it } from 'vitest';
import { exported, faults, imported, newPoint, placed, same, withPoint } from './draft';

const NOW = 1_700_000_000_000;
const GATE = { id: 'a', name: 'Gate', x: 1, y: 2, theta: 0.5, prompt: 'Is it shut?', enabled: true };

describe('a new waypoint', () => {
  it('has a name and an id that no other has', () => {
    const first = newPoint({ x: 1, y: 1, theta: 0 }, [], NOW);
    const second = newPoint({ x: 1, y: 1, theta: 0 }, [first], NOW);
    expect(second.id).not.toBe(first.id);
    expect([first.name, second.name]).toEqual(['Point 1', 'Point 2']);
  });

  it('stands where a robot can stand: to the millimetre, with less than half a turn', () => {
    expect(placed({ x: 1.23456, y: -0.00001, theta: 3.5 })).toEqual({ x: 1.235, y: 0, theta: -2.783 });
  });
});

describe('waypoints', () => {
  it('lose a key that is taken away and keep those that nobody knows here', () => {
    const [point] = withPoint([{ ...GATE, torch: 80, colour: 'red' }], 'a', { torch: undefined, name: 'Door' });
    expect(point).toEqual({ ...GATE, name: 'Door', colour: 'red' });
  });

  it('are the same only when every key is', () => {
    expect(same([GATE], [{ ...GATE }])).toBe(true);
    expect(same([GATE], [{ ...GATE, enabled: false }])).toBe(false);
  });

  it.each([
    [{ name: ' ' }, 'Give the waypoint a name.'],
    [{ photos: 9 }, 'Take 1 to 8 photos.'],
    [{ dwell_seconds: -1 }, 'The robot waits between 0 and 3600 seconds.'],
    [{ x: Number.NaN }, 'The place needs two numbers.'],
    [{ on_failure: { retry: 11, then: 'ask' as const } }, 'Try again at most 10 times.'],
  ])('cannot be saved with %j', (change, message) => {
    expect(faults([{ ...GATE, ...change }])).toEqual([{ id: 'a', message }]);
  });
});

describe('a file', () => {
  it('comes back as it was written', () => {
    const points = [{ ...GATE, source: 'robot', dwell_seconds: 3 }];
    expect(imported(exported(points), NOW)).toEqual(points);
  });

  it('of the least that a waypoint needs is read', () => {
    expect(imported('[{"name":"A","x":"1.5","y":2}]', NOW)).toEqual([{ id: String(NOW), name: 'A', x: 1.5, y: 2, theta: 0, prompt: 'Is everything normal?', enabled: true }]);
  });

  it('with the same id twice gets another for the second', () => {
    expect(new Set(imported(JSON.stringify([GATE, GATE]), NOW).map((point) => point.id)).size).toBe(2);
  });

  it.each(['{', '{"a":1}', '[{"name":"A","x":1}]', '[{"name":"A","x":"far","y":1}]', '[null]'])('that is none is refused with a sentence: %s', (text) => {
    expect(() => imported(text, NOW)).toThrow(/file/);
  });
});
