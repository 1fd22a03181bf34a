import type { RobotState } from '../api/patrol';
import type { Service } from '../api/types';
import { robotHref } from '../lib/route';
import type { Trouble } from './diagnosis';
import type { Fact } from './facts';

const PREFIX = 'patrol ';
const LOW = 20;

/** Returns the id of the robot that a service is there for; nothing for other services. */
export function robotOf(service: Service): string | null {
  return service.name.startsWith(PREFIX) ? service.name.slice(PREFIX.length) : null;
}

/** Returns what people call that robot. */
export function robotName(service: Service): string {
  return said(service).robot_name ?? robotOf(service) ?? service.name;
}

/** Picks what an operator would want to know out of what a robot's service says about it. */
export function robotFacts(service: Service): Fact[] {
  const { link, battery, run } = said(service);
  const words = { connected: 'connected', connecting: 'connecting', lost: 'connection lost' };
  return [
    ...(link === undefined ? [] : [{ name: 'Robot', value: words[link.state], tone: link.state === 'connected' ? ('plain' as const) : ('warn' as const) }]),
    ...(battery == null ? [] : [{ name: 'Battery', value: `${Math.round(battery.percent)} %${battery.charging ? ', charging' : ''}`, tone: battery.percent < LOW && !battery.charging ? ('warn' as const) : ('plain' as const) }]),
    ...(run == null || run.outcome != null ? [] : [{ name: 'Patrol', value: run.state === 'asking' ? 'waits for an answer' : 'under way', tone: run.state === 'asking' ? ('warn' as const) : ('plain' as const) }]),
  ];
}

/** Returns what about a robot needs a person, though its service works. */
export function robotTroubles(service: Service): Trouble[] {
  const id = robotOf(service);
  if (id === null || service.state !== 'ready') return [];
  const { link, emergency_stop: stopped, faults = [], run } = said(service);
  const [name, href] = [robotName(service), robotHref(id)];
  return [
    ...(stopped === true ? [{ tone: 'alarm' as const, title: `${name} is stopped by its emergency stop`, detail: 'It takes no command.', advice: 'Press the power button on the robot.', href }] : []),
    ...(link?.state === 'lost' ? [{ tone: 'alarm' as const, title: `${name}: connection lost`, detail: link.reason ?? '', advice: 'It is tried again all the time. Check that the robot is switched on and in the network.', href }] : []),
    ...faults.map(({ title, description }) => ({ tone: 'warn' as const, title: `${name}: ${title}`, detail: description, advice: 'Look at the robot.', href })),
    ...(run?.state === 'asking' ? [{ tone: 'warn' as const, title: `${name} waits for an answer`, detail: run.question?.message ?? '', advice: 'Open the robot and choose how its patrol goes on.', href }] : []),
  ];
}

function said(service: Service): Partial<RobotState> {
  return (service.status ?? {}) as Partial<RobotState>;
}
