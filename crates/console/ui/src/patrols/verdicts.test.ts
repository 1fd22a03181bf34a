import { describe, expect, it } from 'vitest';
import { counted, recognised, shown, status } from './verdicts';

describe('verdicts', () => {
  it('are counted with the worst first and none that did not occur', () => {
    expect(counted({ OK: 7, NG: 1, STALE: 0 })).toEqual([
      { verdict: 'NG', count: 1 },
      { verdict: 'OK', count: 7 },
    ]);
  });

  it('are never shown as good while they are not there', () => {
    expect(shown(null).tone).toBe('off');
    expect(shown('UNREACHABLE').tone).toBe('warn');
  });
});

describe('the status of a patrol', () => {
  it.each([
    ['completed', 'Completed'],
    ['Completed', 'Completed'],
    ['Patrol Stopped', 'Stopped'],
    ['Running', 'Under way'],
    ['something else', 'something else'],
  ])('%s reads “%s”', (text, name) => {
    expect(status(text).name).toBe(name);
  });
});

it.each([
  [{ people: 1, obstacles: { chair: 2 } }, '1 person, 2 × chair'],
  [{ people: 3 }, '3 people'],
  [{ people: 0, obstacles: {} }, ''],
  [null, ''],
])('what the detector recognised, %j, reads “%s”', (seen, text) => {
  expect(recognised(seen)).toBe(text);
});
