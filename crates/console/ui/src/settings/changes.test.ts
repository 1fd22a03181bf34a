import { describe, expect, it } from 'vitest';
import type { SettingField, SettingValue } from '../api/patrol';
import { changes, cornerText, corners, fault, groups, isMasked, lines, overrides } from './changes';

const STORED = { turbo: false, model: 'a', rules: ['x', 'y'], key: '****1234' };

describe('what is sent', () => {
  it('is only what was changed', () => {
    expect(changes(STORED, { ...STORED, model: 'b' })).toEqual({ model: 'b' });
    expect(changes(STORED, { ...STORED, rules: ['x', 'y'] })).toEqual({});
    expect(changes(STORED, { ...STORED, rules: ['y', 'x'] })).toEqual({ rules: ['y', 'x'] });
  });

  it('never contains the mask of a secret that was left alone', () => {
    expect(changes(STORED, { ...STORED, turbo: true })).not.toHaveProperty('key');
  });

  it('of a robot says what it gives up', () => {
    expect(overrides({ model: 'a', turbo: true }, { model: 'b' })).toEqual({ model: 'b', turbo: null });
  });
});

const number = (change: Partial<SettingField>): SettingField => ({ key: 'n', type: 'number', default: 0, ...change });

describe('a value', () => {
  it.each<[SettingField, SettingValue, string | null]>([
    [number({ min: 0, max: 100 }), 101, 'Between 0 and 100.'],
    [number({ min: 1 }), 0, 'At least 1.'],
    [number({ max: 9 }), 10, 'At most 9.'],
    [number({}), Number.NaN, 'Give a number.'],
    [number({ type: 'integer' }), 1.5, 'Give a whole number.'],
    [number({ optional: true }), null, null],
    [number({}), null, 'Give a number.'],
    [number({ type: 'list', max: 2 }), ['a', 'b', 'c'], 'At most 2 lines.'],
    [number({ type: 'list', max_length: 3 }), ['four'], 'At most 3 characters in a line.'],
    [number({ type: 'text', max_length: 3 }), 'four', 'At most 3 characters.'],
    [number({ type: 'prices' }), { m: { input: 1, output: Number.NaN } }, 'Give each model a name and two prices.'],
    [number({ type: 'prices' }), { m: { input: 0.5, output: 3 } }, null],
    [number({ type: 'area' }), [[0, 0], [1, 0]], 'An area has at least three corners.'],
    [number({ type: 'area' }), [[0, 0], [1, Number.NaN], [2, 2]], 'Line 2 is not two numbers, as 8.5, 6.'],
    [number({ type: 'area' }), [], null],
    [number({ min: 0, max: 100 }), 100, null],
    [number({ type: 'text' }), '', null],
  ])('of %j cannot be %j', (field, value, sentence) => {
    expect(fault(field, value)).toBe(sentence);
  });
});

it('stands under its heading, in the order of the service', () => {
  const fields = ['b', 'a', 'b'].map((group, i): SettingField => ({ key: `k${i}`, type: 'text', default: '', group }));
  expect(groups(fields).map(({ name, fields }) => [name, fields.map(({ key }) => key)])).toEqual([
    ['B', ['k0', 'k2']],
    ['A', ['k1']],
  ]);
});

it('reads a list line by line', () => {
  expect(lines(' one \n\n two')).toEqual(['one', 'two']);
  expect(lines('')).toEqual([]);
});

it('knows a secret by its mask', () => {
  expect(isMasked('****a3f9')).toBe(true);
  expect(isMasked('')).toBe(false);
});

it('reads an area as its corners, and writes it again', () => {
  expect(corners('0, 0\n\n 8.5;-6 \n8.5 6')).toEqual([[0, 0], [8.5, -6], [8.5, 6]]);
  expect(corners('1, 2, 3')).toEqual([[Number.NaN, Number.NaN]]);
  expect(cornerText([[0, 0], [8.5, -6]])).toBe('0, 0\n8.5, -6');
  expect(cornerText(null)).toBe('');
});
