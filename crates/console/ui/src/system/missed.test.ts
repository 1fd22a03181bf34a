import { describe, expect, it } from 'vitest';
import { type Look, missed, type Sample, sampled } from './missed';

function look(due: number, processed: number, late = 0): Look {
  return { due, processed, skipped: { late } };
}

function after(...looks: Look[]): Sample[] {
  return looks.reduce<Sample[]>((samples, one, i) => sampled(samples, i * 2000, one), []);
}

describe('the share of missed pictures', () => {
  it('is that of the last minute, whatever was before', () => {
    expect(missed(after(look(1000, 100), look(1010, 109)))).toBeCloseTo(0.1);
  });

  it('counts what was thrown away before it was decoded', () => {
    expect(missed(after(look(0, 0), look(90, 90, 10)))).toBeCloseTo(0.1);
  });

  it('is nothing without two samples, without wanted pictures, and never negative', () => {
    expect(missed([])).toBe(0);
    expect(missed(after(look(100, 0)))).toBe(0);
    expect(missed(after(look(100, 0), look(100, 0)))).toBe(0);
    expect(missed(after(look(100, 90), look(110, 110)))).toBe(0);
  });

  it('begins anew with the service', () => {
    expect(missed(after(look(1000, 500), look(5, 5), look(10, 10)))).toBe(0);
  });

  it('forgets what is older than a minute', () => {
    const samples = Array.from({ length: 40 }, (_, i) => look(i * 10, i < 5 ? 0 : (i - 5) * 10));
    expect(after(...samples)).toHaveLength(31);
    expect(missed(after(...samples))).toBe(0);
  });
});
