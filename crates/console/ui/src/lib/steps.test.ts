import { describe, expect, it } from 'vitest';
import { begun, redone, taken, undone } from './steps';

describe('steps', () => {
  it('can be undone and redone to both ends', () => {
    const three = taken(taken(begun(1), 2), 3);
    expect(undone(three).present).toBe(2);
    expect(undone(undone(undone(three))).present).toBe(1);
    expect(redone(redone(redone(undone(undone(three))))).present).toBe(3);
  });

  it('taken after an undo replace what was undone', () => {
    const other = taken(undone(taken(taken(begun(1), 2), 3)), 4);
    expect(redone(other).present).toBe(4);
    expect(undone(other).present).toBe(2);
  });

  it('of one action that goes on are one step', () => {
    const dragged = [2, 3, 4].reduce((steps, to) => taken(steps, to, 'drag 1'), begun(1));
    expect(dragged.present).toBe(4);
    expect(undone(dragged).present).toBe(1);
  });

  it('of two actions are two steps, also when the second has the same name after an undo', () => {
    const twice = taken(taken(begun(1), 2, 'drag 1'), 3, 'drag 2');
    expect(undone(twice).present).toBe(2);
    const again = taken(undone(twice), 5, 'drag 2');
    expect(undone(again).present).toBe(2);
  });

  it('are remembered in a bounded number', () => {
    let steps = begun(0);
    for (let at = 1; at <= 500; at += 1) steps = taken(steps, at);
    expect(steps.past).toHaveLength(200);
    expect(steps.past[0]).toBe(300);
  });
});
