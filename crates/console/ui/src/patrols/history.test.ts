import { expect, it } from 'vitest';
import { ALL_RUNS } from '../lib/route';
import { listPath } from './history.svelte';

it('asks for everything when nothing is filtered', () => {
  expect(listPath(ALL_RUNS, null)).toBe('/api/v1/runs?limit=30');
});

it('asks for whole days of the operator, the last one included', () => {
  const path = listPath({ ...ALL_RUNS, robot: 'robot-a', verdict: 'NG', from: '2026-11-18', to: '2026-11-18' }, 'c/1');
  const asked = new URLSearchParams(path.split('?')[1]);
  expect(asked.get('robot_id')).toBe('robot-a');
  expect(asked.get('cursor')).toBe('c/1');
  const [from, to] = [Date.parse(asked.get('from') ?? ''), Date.parse(asked.get('to') ?? '')];
  expect(to - from).toBe(86_400_000);
  expect(new Date(from).getHours()).toBe(0);
});
