import { describe, expect, it } from 'vitest';
import type { RunPoint, RunProgress, Waypoint } from '../api/patrol';
import { roundMarks, waypointMarks } from './marks';

const POINTS: Waypoint[] = ['Gate', 'Hall', 'Store'].map((name, i) => ({ id: name, name, x: i, y: 0, theta: i / 10, prompt: '', enabled: name !== 'Hall' }));

function run(points: Partial<RunPoint>[], current: number): RunProgress {
  const all = points.map((point, i): RunPoint => ({ id: POINTS[i]?.id ?? '', name: POINTS[i]?.name ?? '', x: i, y: 0, state: 'waiting', ...point }));
  return { run_id: 1, robot_id: 'robot-a', state: 'moving', text: '', started_at: '', dry_run: false, loop: 1, loops: 1, points: all, current_index: current };
}

describe('waypoints on the map', () => {
  it('W-30 are all drawn, numbered as the robot visits them; one that is off has no number', () => {
    expect(waypointMarks(POINTS).map(({ label, tone }) => [label, tone])).toEqual([
      ['1', 'plain'],
      ['–', 'off'],
      ['2', 'plain'],
    ]);
  });

  it('show during a patrol what became of each', () => {
    const marks = roundMarks(POINTS, run([{ state: 'done', verdict: 'NG' }, { state: 'moving' }, {}], 1), true);
    expect(marks.map((mark) => mark.tone)).toEqual(['alarm', 'current', 'plain']);
  });

  it('are never shown as good without a verdict', () => {
    const marks = roundMarks(POINTS, run([{ state: 'done' }, { state: 'failed' }, { state: 'skipped' }], -1), false);
    expect(marks.map((mark) => mark.tone)).toEqual(['passed', 'warn', 'passed']);
  });

  it('keep where they look to, which a patrol does not repeat', () => {
    expect(roundMarks(POINTS, run([{}, {}, {}], 0), true).map((mark) => mark.theta)).toEqual([0, 0.1, 0.2]);
  });
});
