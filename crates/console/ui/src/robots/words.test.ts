import { describe, expect, it } from 'vitest';
import type { RunPoint, RunProgress } from '../api/patrol';
import { batteryWords, linkWords, progress, runWords } from './words';

function point(name: string, state: RunPoint['state']): RunPoint {
  return { id: name, name, x: 0, y: 0, state };
}

function run(change: Partial<RunProgress>): RunProgress {
  const points = [point('Gate', 'done'), point('Hall', 'moving'), point('Store', 'waiting')];
  return { run_id: 1, robot_id: 'robot-a', state: 'moving', text: '', started_at: '', dry_run: false, loop: 1, loops: 1, points, current_index: 1, ...change };
}

describe('a patrol', () => {
  it('says what it is doing', () => {
    expect(runWords(run({}))).toBe('On the way to Hall');
    expect(runWords(run({ state: 'inspecting', current_index: 2 }))).toBe('Looking at Store');
    expect(runWords(run({ state: 'finished', outcome: 'interrupted' }))).toBe('Interrupted');
  });

  it('does not name a point that it has not chosen yet', () => {
    expect(runWords(run({ current_index: -1 }))).toBe('On the way');
  });

  it('counts the points of all its loops', () => {
    expect(progress(run({}))).toEqual({ done: 1, all: 3 });
    expect(progress(run({ loop: 2, loops: 3 }))).toEqual({ done: 4, all: 9 });
    expect(progress(run({ points: [] }))).toEqual({ done: 0, all: 0 });
  });
});

describe('a robot', () => {
  it('is not said to be connected when its own process is not', () => {
    expect(linkWords(null, false).tone).toBe('warn');
    expect(linkWords(null, true).name).toBe('Connecting');
  });

  it('with a low battery is a worry only while it does not charge', () => {
    expect(batteryWords({ percent: 12.4, charging: false })).toEqual({ name: '12 %', tone: 'warn' });
    expect(batteryWords({ percent: 12.4, charging: true }).tone).toBe('off');
  });
});
