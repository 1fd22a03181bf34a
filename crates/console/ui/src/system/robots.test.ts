import { describe, expect, it } from 'vitest';
import type { Service } from '../api/types';
import { robotFacts, robotName, robotOf, robotTroubles } from './robots';

function service(status: Record<string, unknown> | null, changes: Partial<Service> = {}): Service {
  return { name: 'patrol robot-a', state: 'ready', reason: null, conditions: {}, response_ms: 1, status, ...changes };
}

const CALM = { robot_name: 'East', link: { state: 'connected', since: '' }, battery: { percent: 80.4, charging: true }, emergency_stop: false, faults: [], run: null };

describe('a robot’s service', () => {
  it('is told from others, and named as its robot', () => {
    expect(robotOf(service(null))).toBe('robot-a');
    expect(robotOf(service(null, { name: 'alert-router' }))).toBeNull();
    expect([robotName(service(CALM)), robotName(service(null))]).toEqual(['East', 'robot-a']);
  });

  it('says how the robot is', () => {
    expect(robotFacts(service(CALM)).map((fact) => fact.value)).toEqual(['connected', '80 %, charging']);
    expect(robotFacts(service({ ...CALM, battery: { percent: 9, charging: false } })).at(-1)).toEqual({ name: 'Battery', value: '9 %', tone: 'warn' });
    expect(robotFacts(service(null))).toEqual([]);
  });
});

describe('a robot', () => {
  it('that is well needs nobody', () => {
    expect(robotTroubles(service(CALM))).toEqual([]);
    expect(robotTroubles(service(null))).toEqual([]);
  });

  it('that was lost, stopped or asks needs somebody', () => {
    const run = { state: 'asking', question: { point: 'a', message: 'No way to Gate.' } };
    const found = robotTroubles(service({ ...CALM, link: { state: 'lost', reason: 'no answer' }, emergency_stop: true, faults: [{ code: 21052, title: 'A step', description: 'Edge' }], run }));
    expect(found.map((trouble) => [trouble.tone, trouble.title])).toEqual([
      ['alarm', 'East is stopped by its emergency stop'],
      ['alarm', 'East: connection lost'],
      ['warn', 'East: A step'],
      ['warn', 'East waits for an answer'],
    ]);
    expect(found.every((trouble) => trouble.href === '#/robots/robot-a')).toBe(true);
  });

  it('of a service that does not run is not the trouble: the service is', () => {
    expect(robotTroubles(service({ ...CALM, emergency_stop: true }, { state: 'unreachable' }))).toEqual([]);
  });
});
