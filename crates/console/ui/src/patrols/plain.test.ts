import { expect, it } from 'vitest';
import { plain } from './plain';

it.each([
  ['# Patrol\n\nAll is **well**.\n\n| Item | Result |\n|:--|--:|\n| Exit | X |', 'All is well.'],
  ['# Patrol', 'Patrol'],
  ['- one\n- two', 'one · two'],
  ['| Item | Result |\n|:--|--:|\n| Exit | `X` |', 'Item, Result · Exit, X'],
  ['> see [the page](https://example.org)', 'see the page'],
  ['snake_case stays', 'snake_case stays'],
  ['', ''],
])('%j reads “%s” in a list', (markdown, text) => {
  expect(plain(markdown)).toBe(text);
});
