import { expect, it } from 'vitest';
import { scores } from './controls';

const score = (model: string, passed: number, failed: number, unanswered = 0) => ({
  model,
  asked: passed + failed + unanswered,
  passed,
  failed,
  unanswered,
  share: passed + failed > 0 ? passed / (passed + failed) : null,
});

it('shows every day of each model, the one that was asked most first', () => {
  const models = [score('a', 1, 0), score('b', 2, 1), score('', 0, 0, 1)];
  const days = [{ date: '2026-11-19', ...score('b', 2, 1) }, { date: '2026-11-20', ...score('a', 1, 0) }];
  const shown = scores({ models, days }, '2026-11-18', '2026-11-20');
  expect(shown.map(({ model, share }) => [model, share])).toEqual([['b', 2 / 3], ['a', 1], ['An unknown model', null]]);
  expect(shown[0]?.days.map((day) => day.asked)).toEqual([0, 3, 0]);
  expect(shown[1]?.days.map((day) => day.date)).toEqual(['2026-11-18', '2026-11-19', '2026-11-20']);
});
