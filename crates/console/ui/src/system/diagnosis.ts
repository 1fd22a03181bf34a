import type { Camera, Problem, Queue, Service, System } from '../api/types';
import { percent, plural, sentence, span } from '../lib/format';
import { type Condition, condition } from '../wall/states';
import { MUCH_MISSED } from './missed';
import { robotName, robotOf, robotTroubles } from './robots';

/** Something that needs a person: what it is, what it means, what to do. */
export interface Trouble {
  tone: 'warn' | 'alarm';
  title: string;
  detail: string;
  advice: string;
  href: string | null;
}

/** Waiting alerts are normal for a moment; this many, or this long, are not. */
const MANY_WAITING = 50;
const LONG_WAITING_MS = 60_000;

const SERVICES: Record<string, { name: string; job: string; without: string }> = {
  'stream-manager': { name: 'Cameras', job: 'Receives the cameras, recognises what is in the pictures and watches the zones', without: 'No camera is watched and no alert is raised.' },
  'alert-router': { name: 'Alert delivery', job: 'Records alerts and tells the people and systems that must know', without: 'Alerts are kept and delivered when it is back.' },
  'inference-api': { name: 'Recognition for other programs', job: 'Answers other programs that send pictures', without: 'Other programs get no answer. Cameras and alerts are not affected.' },
  console: { name: 'Console', job: 'Shows these pages', without: '' },
};

/** Returns what a service is for, in the operator's words. */
export function purpose(service: Service): { name: string; job: string; without: string } {
  if (robotOf(service) === null) return SERVICES[service.name] ?? { name: sentence(service.name), job: '', without: '' };
  return { name: robotName(service), job: 'Drives this robot on its rounds and has judged what it sees', without: 'This robot goes no rounds and cannot be driven.' };
}

/** Returns everything that needs a person, the worst first. */
export function diagnose(system: System | null, cameras: readonly Camera[], problems: readonly Problem[], missed: ReadonlyMap<string, number>): Trouble[] {
  const found = [
    ...(system === null ? [] : [...redisTrouble(system), ...system.services.flatMap(serviceTrouble), ...system.services.flatMap(robotTroubles), ...system.redis.queues.flatMap(queueTrouble)]),
    ...cameras.flatMap(cameraTrouble),
    ...problems.map(fileTrouble),
    ...overload(cameras, missed),
  ];
  const worst = (trouble: Trouble): number => (trouble.tone === 'alarm' ? 0 : 1);
  return found.sort((a, b) => worst(a) - worst(b));
}

/** Says how a service is doing. */
export function serviceCondition(service: Service): Condition {
  switch (service.state) {
    case 'ready':
      return { tone: 'ok', name: 'Working', advice: '' };
    case 'not_ready':
      return { tone: 'warn', name: 'Not ready', advice: '' };
    case 'unreachable':
      return { tone: 'alarm', name: 'Not running', advice: '' };
  }
}

/** Says how a queue is doing, looking at the group that is furthest behind. */
export function queueCondition(queue: Queue): Condition {
  if (queue.name.endsWith(':dead')) {
    return queue.length === 0 ? { tone: 'ok', name: 'Empty', advice: '' } : { tone: 'warn', name: 'Needs a look', advice: '' };
  }
  if (queue.groups.some(isBehind)) return { tone: 'warn', name: 'Behind', advice: '' };
  return { tone: 'ok', name: 'Flowing', advice: '' };
}

/** Returns how many messages of a queue nobody has finished with. */
export function waitingIn(queue: Queue): number {
  return Math.max(0, ...queue.groups.map((group) => (group.lag ?? 0) + group.pending));
}

function redisTrouble({ redis }: System): Trouble[] {
  if (redis.state === 'ready') return [];
  return [
    {
      tone: 'alarm',
      title: 'The message queue (Redis) cannot be reached',
      detail: `${redis.reason ?? 'It does not answer.'} New alerts are kept on disk and are delivered when it is back.`,
      advice: 'Start Redis again and check REDIS_URL.',
      href: null,
    },
  ];
}

function serviceTrouble(service: Service): Trouble[] {
  if (service.state === 'ready') return [];
  const { name, without } = purpose(service);
  const failing = Object.entries(service.conditions)
    .filter(([, reason]) => reason !== null)
    .map(([what, reason]) => `${what}: ${reason ?? ''}`);
  const detail = [...failing, ...(failing.length === 0 && service.reason !== null ? [service.reason] : []), without].filter(Boolean).join(' · ');
  return [
    service.state === 'unreachable'
      ? { tone: 'alarm', title: `“${name}” is not running`, detail, advice: `Start the service ${service.name}, and look into its log if it ends again.`, href: null }
      : { tone: 'warn', title: `“${name}” is running but not ready`, detail, advice: `If it stays like this for a minute, look into the log of ${service.name}.`, href: null },
  ];
}

function queueTrouble(queue: Queue): Trouble[] {
  if (queue.name.endsWith(':dead')) {
    if (queue.length === 0) return [];
    return [
      {
        tone: 'warn',
        title: `${plural(queue.length, 'message')} could not be processed`,
        detail: `They were put aside in “${queue.name}” so that the others could go on.`,
        advice: 'Look into the log of alert-router for the reason.',
        href: null,
      },
    ];
  }
  return queue.groups.filter(isBehind).map((group) => ({
    tone: 'warn',
    title: `${plural((group.lag ?? 0) + group.pending, 'alert')} ${(group.lag ?? 0) + group.pending === 1 ? 'waits' : 'wait'} to be processed`,
    detail: group.oldest_pending_idle_ms === null ? 'They arrive faster than they are dealt with.' : `The oldest has waited for ${span(group.oldest_pending_idle_ms)}.`,
    advice: 'Check that alert delivery is running and that its receivers answer.',
    href: null,
  }));
}

function cameraTrouble(camera: Camera): Trouble[] {
  const how = condition(camera);
  const written = camera.problems.map(inFile);
  if (how.tone === 'ok' || how.tone === 'off' || camera.state === 'starting') {
    if (written.length === 0) return [];
    return [{ tone: 'warn', title: `${camera.name}: a setting is wrong`, detail: written.join(' · '), advice: 'Correct the file; the change takes effect at once.', href: null }];
  }
  return [
    {
      tone: how.tone === 'alarm' ? 'alarm' : 'warn',
      title: `${camera.name}: ${how.name.toLowerCase()}`,
      detail: written.length > 0 ? written.join(' · ') : (camera.reason ?? ''),
      advice: how.advice,
      href: `#/cameras/${encodeURIComponent(camera.id)}`,
    },
  ];
}

/** One trouble for all cameras: it is the machine that is too slow, not they. */
function overload(cameras: readonly Camera[], missed: ReadonlyMap<string, number>): Trouble[] {
  const behind = cameras.filter((camera) => (missed.get(camera.id) ?? 0) > MUCH_MISSED);
  if (behind.length === 0) return [];
  const shares = behind.map((camera) => `${camera.name} ${percent(missed.get(camera.id) ?? 0)}`);
  return [
    {
      tone: 'warn',
      title: 'This machine cannot keep up with its cameras',
      detail: `Pictures missed in the last minute: ${shares.join(', ')}.`,
      advice: 'Lower fps_target in cameras.yaml, let detection use a smaller stream (detect_url), or choose a faster model.',
      href: null,
    },
  ];
}

function fileTrouble(problem: Problem): Trouble {
  return { tone: 'warn', title: `${problem.file} is not in order`, detail: inFile(problem), advice: 'Correct the file; the change takes effect at once. Until then the last good settings hold.', href: null };
}

function inFile({ file, line, key, message }: Problem): string {
  return [`${file}${line === null ? '' : `:${line}`}`, key, message].filter((part) => part !== '').join(': ');
}

function isBehind(group: Queue['groups'][number]): boolean {
  return (group.lag ?? 0) + group.pending >= MANY_WAITING || (group.oldest_pending_idle_ms ?? 0) >= LONG_WAITING_MS;
}
