import { beforeEach, describe, expect, it } from 'vitest';
import type { Waypoint } from '../api/patrol';
import { Editor } from './editor.svelte';

const at = (id: string, x: number, enabled = true): Waypoint => ({ id, name: id, x, y: 0, theta: 0, prompt: '', enabled });
const ids = (editor: Editor): string => editor.points.map((point) => point.id).join('');

let editor: Editor;
beforeEach(() => {
  editor = new Editor([at('a', 0), at('b', 5), at('c', 1)], 'b');
});

describe('an editor of waypoints', () => {
  it('begins with the waypoint that was asked for, if there is one', () => {
    expect(editor.current?.id).toBe('b');
    expect(new Editor([], 'b').current).toBeNull();
  });

  it('brings a deleted waypoint back, open as it was', () => {
    editor.remove('b');
    expect([ids(editor), editor.current, editor.changed]).toEqual(['ac', null, true]);
    editor.undo();
    expect([ids(editor), editor.current?.id, editor.changed]).toEqual(['abc', 'b', false]);
  });

  it('takes a drag as one step', () => {
    for (const x of [1, 2, 3]) editor.place('a', { x, y: 0, theta: 0 }, 'drag 1');
    editor.undo();
    expect(editor.points[0]?.x).toBe(0);
  });

  it('knows that what was saved is saved, whatever is undone then', () => {
    editor.move(0, 2);
    editor.stored(editor.points);
    expect(editor.changed).toBe(false);
    editor.undo();
    expect([ids(editor), editor.changed]).toEqual(['abc', true]);
  });

  it('selects what was added', () => {
    editor.add({ x: 1, y: 2, theta: 0.5 });
    expect(editor.current).toMatchObject({ name: 'Point 4', x: 1, y: 2, theta: 0.5, enabled: true });
  });

  it('puts what is switched off behind the shortest round', () => {
    editor.change('b', { enabled: false });
    const found = editor.ordered('shortest', { x: 0, y: 0, theta: 0 });
    expect(found.points.map((point) => point.id).join('')).toBe('acb');
    expect([found.before, found.after]).toEqual([2, 2]);
  });

  it('says how much shorter a round becomes', () => {
    const far = new Editor([at('a', 9), at('b', 1), at('c', 10)], null);
    const { before, after } = far.ordered('right', null);
    expect([before, after]).toEqual([18, 18]);
    expect(far.ordered('shortest', { x: 0, y: 0, theta: 0 })).toMatchObject({ before: 36, after: 20 });
  });

  it('does nothing when a waypoint is moved beyond the ends', () => {
    editor.move(0, -1);
    editor.move(2, 3);
    expect(editor.canUndo).toBe(false);
  });
});
