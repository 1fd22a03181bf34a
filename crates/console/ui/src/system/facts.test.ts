import { describe, expect, it } from 'vitest';
import type { Service } from '../api/types';
import { serviceFacts } from './facts';

function service(name: string, status: Record<string, unknown> | null): Service {
  return { name, state: 'ready', reason: null, conditions: {}, response_ms: 1, status };
}

const names = (of: Service): string[] => serviceFacts(of).map((fact) => fact.name);

describe('what a service says of itself', () => {
  it('is shown in the words of an operator', () => {
    const status = { detector: { model: 'yolov4-tiny', version: '1', backend: 'tract', device: 'cpu', fallback: 'onnxruntime was not found' }, alerts: { redis_connected: false, spooled: 1200, lost: 0 } };
    expect(serviceFacts(service('stream-manager', status))).toEqual([
      { name: 'Model', value: 'yolov4-tiny 1', tone: 'plain' },
      { name: 'Runs on', value: 'tract, cpu', tone: 'plain' },
      { name: 'Not as wanted', value: 'onnxruntime was not found', tone: 'warn' },
      { name: 'Alerts kept on disk', value: '1\u00a0200', tone: 'warn' },
    ]);
  });

  it('does not mention alerts that rest on disk for a moment', () => {
    const kept = (redis_connected: boolean, spooled: number): string[] => names(service('stream-manager', { alerts: { redis_connected, spooled, lost: 0 } }));
    expect(kept(true, 1)).toEqual([]);
    expect(kept(true, 20)).toEqual(['Alerts kept on disk']);
    expect(kept(false, 1)).toEqual(['Alerts kept on disk']);
    expect(kept(false, 0)).toEqual([]);
  });

  it('names the model however the service does', () => {
    expect(serviceFacts(service('inference-api', { model: { name: 'yolov4-tiny', version: '1.0.0' }, backend: 'onnxruntime', device: 'cpu' }))).toEqual([
      { name: 'Model', value: 'yolov4-tiny 1.0.0', tone: 'plain' },
      { name: 'Runs on', value: 'onnxruntime, cpu', tone: 'plain' },
    ]);
  });

  it('warns of alerts that were not delivered, if there are any', () => {
    const tone = (dead: number): string | undefined =>
      serviceFacts(service('alert-router', { accounts: { detected: 9, delivered: 9 - dead, pending: 0, dead_lettered: dead } })).find((fact) => fact.name === 'Not delivered')?.tone;
    expect(tone(0)).toBe('plain');
    expect(tone(1)).toBe('warn');
  });

  it('is left out when it is missing or not understood', () => {
    expect(names(service('stream-manager', null))).toEqual([]);
    expect(names(service('alert-router', { accounts: 'many' }))).toEqual([]);
    expect(names(service('inference-api', { model: '', backend: null }))).toEqual([]);
    expect(names(service('something-new', { accounts: { detected: 1 } }))).toEqual([]);
  });
});
