import { describe, expect, it } from 'vitest';
import { beat, dropped, held, keyDrive, LOOSE, released, STAND, stickDrive } from './deadman';

const AHEAD = { linear: 1, angular: 0 };
const LEFT = { linear: 0, angular: 0.6 };

describe('the reins', () => {
  it('say nothing while nobody holds them', () => {
    expect(beat(LOOSE)).toEqual({ send: null, reins: LOOSE });
  });

  it('ask for the movement at every beat while held', () => {
    const reins = held(LOOSE, 'ArrowUp', AHEAD);
    expect(beat(reins).send).toEqual(AHEAD);
    expect(beat(beat(reins).reins).send).toEqual(AHEAD);
  });

  it('tell the robot to stand once when they are let go, and then nothing', () => {
    const first = beat(released(held(LOOSE, 'ArrowUp', AHEAD), 'ArrowUp'));
    expect(first.send).toEqual(STAND);
    expect(beat(first.reins).send).toBeNull();
  });

  it('keep moving as long as one of two keys is held', () => {
    const both = held(held(LOOSE, 'KeyW', AHEAD), 'KeyA', LEFT);
    expect(beat(both).send).toEqual({ linear: 1, angular: 0.6 });
    expect(beat(released(both, 'KeyW')).send).toEqual(LEFT);
  });

  it('stop the robot when the page cannot know whether a key is still down', () => {
    expect(beat(dropped(held(held(LOOSE, 'KeyW', AHEAD), 'stick', LEFT))).send).toEqual(STAND);
  });

  it('do not begin to stand again because a key is lifted that was dropped before', () => {
    const { reins } = beat(dropped(held(LOOSE, 'KeyW', AHEAD)));
    expect(beat(released(reins, 'KeyW')).send).toBeNull();
  });

  it('never ask for more than full speed', () => {
    expect(beat(held(held(LOOSE, 'ArrowUp', AHEAD), 'KeyW', AHEAD)).send).toEqual(AHEAD);
  });

  it('cancel out when opposite keys are held', () => {
    expect(beat(held(held(LOOSE, 'KeyW', AHEAD), 'KeyS', { linear: -1, angular: 0 })).send).toEqual(STAND);
  });
});

describe('a stick', () => {
  it('means nothing near its middle', () => {
    expect(stickDrive(4, -4, 60)).toEqual(STAND);
  });

  it('means full speed at its rim and beyond', () => {
    expect(stickDrive(0, -60, 60)).toEqual(AHEAD);
    expect(stickDrive(0, -600, 60)).toEqual(AHEAD);
    expect(stickDrive(60, 0, 60)).toEqual({ linear: 0, angular: -1 });
  });

  it('begins gently', () => {
    const { linear } = stickDrive(0, -9, 60);
    expect(linear).toBeGreaterThan(0);
    expect(linear).toBeLessThan(0.05);
  });
});

describe('a key', () => {
  it('drives by its place on the keyboard', () => {
    expect(keyDrive('KeyW')).toEqual(AHEAD);
    expect(keyDrive('ArrowLeft')).toEqual(LEFT);
  });

  it('that is none of these does not', () => {
    expect(keyDrive('KeyQ')).toBeNull();
    expect(keyDrive('toString')).toBeNull();
  });
});
