import { expect, it } from 'vitest';
import { missed } from './missed';

const none = { not_due: 0, late: 0, overwritten: 0, still: 0, busy: 0 };

it('counts what was thrown away before and after decoding', () => {
  expect(missed({ due: 100, processed: 90, skipped: none })).toBeCloseTo(0.1);
  expect(missed({ due: 90, processed: 90, skipped: { ...none, late: 10 } })).toBeCloseTo(0.1);
});

it('is nothing when nothing was wanted, and never negative', () => {
  expect(missed({ due: 0, processed: 0, skipped: none })).toBe(0);
  expect(missed({ due: 1, processed: 2, skipped: none })).toBe(0);
});
