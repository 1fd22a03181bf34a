import { describe, expect, it } from 'vitest';
import type { Camera, Queue, Service, System } from '../api/types';
import { diagnose, queueCondition, waitingIn } from './diagnosis';

function service(name: string, changes: Partial<Service> = {}): Service {
  return { name, state: 'ready', reason: null, conditions: {}, response_ms: 2, status: null, ...changes };
}

function queue(changes: Partial<Queue['groups'][number]> = {}): Queue {
  return { name: 'alerts', length: 300, groups: [{ name: 'alert_router', consumers: 1, pending: 0, lag: 0, oldest_pending_idle_ms: null, ...changes }] };
}

function system(changes: Partial<System> = {}): System {
  return {
    checked_at: '2026-11-20T12:00:00Z',
    version: '0.1.0',
    services: [service('stream-manager'), service('alert-router')],
    redis: { state: 'ready', reason: null, version: '7.0', used_memory_bytes: 1, queues: [queue()] },
    ...changes,
  };
}

function camera(state: Camera['state'], changes: Partial<Camera> = {}): Camera {
  return {
    id: 'gate-1',
    name: 'Gate 1',
    enabled: true,
    state,
    reason: null,
    since: '2026-11-20T11:00:00Z',
    url: null,
    stream: null,
    fps_target: 5,
    fps_measured: null,
    counters: { received: 0, due: 0, processed: 0, detected: 0, failed: 0, skipped: { not_due: 0, late: 0, overwritten: 0, still: 0, busy: 0 }, alerts: 0, losses: 0 } as Camera['counters'],
    last_frame_at: null,
    problems: [],
    ...changes,
  };
}

const CALM: ReadonlyMap<string, number> = new Map();

const problems = [{ file: 'cameras.yaml', line: 12, key: 'cameras[1].fps_target', message: 'expected a number from 0.1 to 30, found 99' }];

const titles = (found: { title: string }[]): string[] => found.map((trouble) => trouble.title);

describe('the diagnosis', () => {
  it('finds nothing when all is well', () => {
    expect(diagnose(system(), [camera('streaming'), camera('disabled'), camera('starting')], [], CALM)).toEqual([]);
  });

  it('does not guess about a system it has not seen', () => {
    expect(diagnose(null, [], [], CALM)).toEqual([]);
  });

  it('puts what is broken before what is only behind', () => {
    const found = diagnose(system({ services: [service('alert-router', { state: 'not_ready', conditions: { redis: 'connection refused', store: null } }), service('stream-manager', { state: 'unreachable' })] }), [
      camera('reconnecting'),
      camera('failed', { id: 'gate-2', name: 'Gate 2' }),
    ], [], CALM);
    expect(titles(found)).toEqual(['“Cameras” is not running', 'Gate 2: not working', '“Alert delivery” is running but not ready', 'Gate 1: connection lost']);
    expect(found[2]?.detail).toContain('redis: connection refused');
    expect(found[2]?.detail).not.toContain('store');
  });

  it('always says what to do', () => {
    const found = diagnose(
      system({ services: [service('anything', { state: 'unreachable' })], redis: { ...system().redis, state: 'unreachable', queues: [queue({ lag: 80 }), { name: 'alerts:dead', length: 1, groups: [] }] } }),
      [camera('reconnecting'), camera('failed'), camera('invalid')],
      problems,
      CALM,
    );
    expect(found).toHaveLength(8);
    for (const trouble of found) expect(trouble.advice).not.toBe('');
  });

  it('names file, line and key of a wrong entry', () => {
    expect(diagnose(null, [camera('invalid', { problems })], [], CALM)[0]?.detail).toBe('cameras.yaml:12: cameras[1].fps_target: expected a number from 0.1 to 30, found 99');
    expect(diagnose(null, [camera('streaming', { problems })], [], CALM)[0]?.title).toBe('Gate 1: a setting is wrong');
    expect(diagnose(null, [], [{ file: 'rois.yaml', line: null, key: '', message: 'cannot be read' }], CALM)[0]?.detail).toBe('rois.yaml: cannot be read');
  });
});

describe('a machine that is too slow', () => {
  it('is one trouble, which names the cameras that suffer', () => {
    const cameras = [camera('streaming'), camera('streaming', { id: 'gate-2', name: 'Gate 2' }), camera('streaming', { id: 'gate-3', name: 'Gate 3' })];
    const found = diagnose(null, cameras, [], new Map([['gate-1', 0.4], ['gate-2', 0.25], ['gate-3', 0.02]]));
    expect(titles(found)).toEqual(['This machine cannot keep up with its cameras']);
    expect(found[0]?.detail).toBe('Pictures missed in the last minute: Gate 1 40 %, Gate 2 25 %.');
  });
});

describe('a queue', () => {
  it('counts what was not handed out and what was not finished', () => {
    expect(waitingIn(queue({ lag: 3, pending: 2 }))).toBe(5);
    expect(waitingIn({ name: 'alerts', length: 9, groups: [] })).toBe(0);
  });

  it('is behind with many messages or an old one', () => {
    expect(queueCondition(queue({ lag: 49 })).tone).toBe('ok');
    expect(queueCondition(queue({ lag: 50 })).tone).toBe('warn');
    expect(queueCondition(queue({ pending: 1, oldest_pending_idle_ms: 59_999 })).tone).toBe('ok');
    expect(queueCondition(queue({ pending: 1, oldest_pending_idle_ms: 60_000 })).tone).toBe('warn');
  });

  it('of dead messages is fine only when empty', () => {
    expect(queueCondition({ name: 'alerts:dead', length: 0, groups: [] }).tone).toBe('ok');
    expect(queueCondition({ name: 'alerts:dead', length: 1, groups: [] }).tone).toBe('warn');
  });
});
