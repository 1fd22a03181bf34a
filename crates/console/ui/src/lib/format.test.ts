import { describe, expect, it } from 'vitest';
import { ago, bytes, count, dayName, percent, plural, rate, sentence, span, timeOfDay } from './format';

const NOON = new Date(2026, 10, 20, 12, 0, 0).getTime();

describe('time', () => {
  it.each([
    [0, 'now'],
    [4_999, 'now'],
    [-3_000, 'now'],
    [5_000, '5 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [3_599_999, '59 min ago'],
    [3_600_000, '1 h ago'],
    [86_400_000, '1 d ago'],
  ])('that passed %i ms ago reads "%s"', (passed, text) => {
    expect(ago(NOON - passed, NOON)).toBe(text);
  });

  it('that is not known says so', () => {
    expect(ago(null, NOON)).toBe('unknown');
    expect(ago('soon', NOON)).toBe('unknown');
    expect(timeOfDay('soon')).toBe('');
  });

  it('spans never run backwards', () => {
    expect(span(-5)).toBe('0 s');
  });

  it('groups by the calendar day, not by 24 hours', () => {
    const lastNight = new Date(2026, 10, 19, 23, 59).getTime();
    const thisMorning = new Date(2026, 10, 20, 0, 1).getTime();
    expect(dayName(thisMorning, NOON)).toBe('Today');
    expect(dayName(lastNight, NOON)).toBe('Yesterday');
    expect(dayName(new Date(2026, 10, 17).getTime(), NOON)).toBe('Tuesday 17 November');
    expect(dayName(new Date(2025, 10, 17).getTime(), NOON)).toBe('Monday 17 November 2025');
  });
});

describe('numbers', () => {
  it('are short and have their unit', () => {
    expect(bytes(0)).toBe('0 B');
    expect(bytes(999)).toBe('999 B');
    expect(bytes(1_234_567)).toBe('1.2 MB');
    expect(bytes(512_000_000)).toBe('512 MB');
    expect(count(12_480)).toBe('12\u00a0480');
    expect(rate(4.96)).toBe('5.0');
    expect(rate(24.9)).toBe('25');
    expect(percent(0.876)).toBe('88 %');
  });

  it('agree with their noun', () => {
    expect(plural(1, 'camera')).toBe('1 camera');
    expect(plural(0, 'camera')).toBe('0 cameras');
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
  });
});

describe('a class name', () => {
  it('reads as words', () => {
    expect(sentence('unknown_person')).toBe('Unknown person');
    expect(sentence('')).toBe('');
  });
});
