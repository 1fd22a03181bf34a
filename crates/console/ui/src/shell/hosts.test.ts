import { describe, expect, it } from 'vitest';

const SOURCES = import.meta.glob<string>(['../**/*.svelte', '../**/*.ts', '../**/*.css', '!../**/*.test.ts', '!../**/generated/**'], { query: '?raw', import: 'default', eager: true });

/** A name that is reserved for nobody, for addresses whose host does not matter. */
const NOBODY = '.invalid';

describe('the pages', () => {
  it('W-30 W-39 get nothing from any other host: not a script, not a font, not a picture', () => {
    const named = Object.entries(SOURCES).flatMap(([file, text]) => [...text.matchAll(/(?:https?|wss?):\/\/([\w.-]+)/g)].map((match) => ({ file, host: match[1] ?? '' })));
    expect(Object.keys(SOURCES).length).toBeGreaterThan(80);
    expect(named.filter(({ host }) => !host.endsWith(NOBODY))).toEqual([]);
  });

  it('W-30 ask in a dialog of their own and never in one of the browser', () => {
    const asking = Object.entries(SOURCES).filter(([, text]) => /(?<![\w.])(?:window\.)?(?:alert|confirm|prompt)\((?!\w+: )/.test(text));
    expect(asking.map(([file]) => file)).toEqual([]);
  });
});
