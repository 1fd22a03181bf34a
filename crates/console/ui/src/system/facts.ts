import type { Service } from '../api/types';
import { count } from '../lib/format';
import { robotFacts, robotOf } from './robots';

/** As many alerts on disk are no longer on their way. */
const MANY_KEPT = 20;

/** One line of what a service says about itself. */
export interface Fact {
  name: string;
  value: string;
  tone: 'plain' | 'warn';
}

/** Picks what an operator would want to know out of a service's own status. Unknown services and missing values give no line. */
export function serviceFacts(service: Service): Fact[] {
  const { status } = service;
  if (status === null) return [];
  switch (service.name) {
    case 'stream-manager':
      return cameraFacts(status);
    case 'alert-router':
      return deliveryFacts(status);
    case 'inference-api':
      return modelFacts(status);
    default:
      return robotOf(service) === null ? [] : robotFacts(service);
  }
}

function cameraFacts(status: Record<string, unknown>): Fact[] {
  const alerts = object(status['alerts']) ?? {};
  const [spooled, lost] = [number(alerts['spooled']) ?? 0, number(alerts['lost']) ?? 0];
  // An alert on its way rests on disk for a moment; that is worth a line only when it stays there.
  const areKept = spooled > 0 && (alerts['redis_connected'] === false || spooled >= MANY_KEPT);
  return [
    ...modelFacts(object(status['detector']) ?? {}),
    ...(areKept ? [{ name: 'Alerts kept on disk', value: count(spooled), tone: 'warn' as const }] : []),
    ...(lost > 0 ? [{ name: 'Alerts lost', value: count(lost), tone: 'warn' as const }] : []),
  ];
}

/** Services say `model` and `version`, or a `model` that has both. */
function modelFacts(detector: Record<string, unknown>): Fact[] {
  const named = object(detector['model']) ?? { name: detector['model'], version: detector['version'] };
  const model = text(named['name']);
  const runs = [text(detector['backend']), text(detector['device'])].filter((part) => part !== null).join(', ');
  const fallback = text(detector['fallback']);
  return [
    ...(model === null ? [] : [{ name: 'Model', value: [model, text(named['version'])].filter((part) => part !== null).join(' '), tone: 'plain' as const }]),
    ...(runs === '' ? [] : [{ name: 'Runs on', value: runs, tone: 'plain' as const }]),
    ...(fallback === null ? [] : [{ name: 'Not as wanted', value: fallback, tone: 'warn' as const }]),
  ];
}

function deliveryFacts(status: Record<string, unknown>): Fact[] {
  const accounts = object(status['accounts']) ?? {};
  return [
    ...line('Alerts received', number(accounts['detected'])),
    ...line('Delivered', number(accounts['delivered'])),
    ...line('On their way', number(accounts['pending'])),
    ...line('Not delivered', number(accounts['dead_lettered']), 'warn'),
  ];
}

function line(name: string, value: number | null, toneIfAny: Fact['tone'] = 'plain'): Fact[] {
  if (value === null) return [];
  return [{ name, value: count(value), tone: value > 0 ? toneIfAny : 'plain' }];
}

function object(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
