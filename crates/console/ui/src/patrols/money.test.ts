import { expect, it } from 'vitest';
import { money } from './money';

it.each([
  [0, '$0'],
  [12.345, '$12.35'],
  [0.0421, '$0.042'],
  [0.00042, '$0.0004'],
  [0.00000042, 'less than $0.0001'],
])('%d dollars read %s', (dollars, text) => {
  expect(money(dollars)).toBe(text);
});
