import { describe, expect, it } from 'vitest';
import { Newest } from './newest';

/** A worker whose pieces of work end when the test says so. */
function bench(): { newest: Newest<number>; begun: number[]; finish: (failed?: boolean) => Promise<void> } {
  const begun: number[] = [];
  let end: (failed: boolean) => void = () => undefined;
  const newest = new Newest<number>((item) => {
    begun.push(item);
    return new Promise((resolve, reject) => {
      end = (failed) => (failed ? reject(new Error('broken picture')) : resolve());
    });
  });
  const finish = async (failed = false): Promise<void> => {
    end(failed);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { newest, begun, finish };
}

describe('the newest picture', () => {
  it('wins over those that waited', async () => {
    const { newest, begun, finish } = bench();
    for (const picture of [1, 2, 3, 4]) newest.push(picture);
    await finish();
    expect(begun).toEqual([1, 4]);
    expect(newest.dropped).toBe(2);
  });

  it('is worked on at once when nothing else is', async () => {
    const { newest, begun, finish } = bench();
    newest.push(1);
    await finish();
    newest.push(2);
    expect(begun).toEqual([1, 2]);
    expect(newest.dropped).toBe(0);
  });

  it('follows a broken one', async () => {
    const { newest, begun, finish } = bench();
    newest.push(1);
    newest.push(2);
    await finish(true);
    expect(begun).toEqual([1, 2]);
  });

  it('is not begun after closing', async () => {
    const { newest, begun, finish } = bench();
    newest.push(1);
    newest.push(2);
    newest.close();
    await finish();
    newest.push(3);
    expect(begun).toEqual([1]);
  });
});
