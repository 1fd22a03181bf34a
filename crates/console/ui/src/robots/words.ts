import type { Battery, RobotState, RunProgress } from '../api/patrol';

export interface Words {
  name: string;
  tone: 'ok' | 'warn' | 'alarm' | 'off';
}

/** Says how the connection to a robot is. */
export function linkWords(state: RobotState | null, connected: boolean): Words {
  if (!connected) return { name: 'Not reachable', tone: 'warn' };
  if (state === null) return { name: 'Connecting', tone: 'off' };
  switch (state.link.state) {
    case 'connected':
      return { name: 'Connected', tone: 'ok' };
    case 'connecting':
      return { name: 'Connecting', tone: 'warn' };
    case 'lost':
      return { name: 'Connection lost', tone: 'alarm' };
  }
}

const LOW = 20;

export function batteryWords({ percent, charging }: Battery): Words {
  return { name: `${Math.round(percent)} %`, tone: percent < LOW && !charging ? 'warn' : 'off' };
}

/** Says in one line what a patrol is doing. */
export function runWords(run: RunProgress): string {
  const point = run.points[run.current_index]?.name;
  switch (run.state) {
    case 'starting':
      return 'Starting';
    case 'moving':
      return point === undefined ? 'On the way' : `On the way to ${point}`;
    case 'inspecting':
      return point === undefined ? 'Looking' : `Looking at ${point}`;
    case 'paused':
      return 'Paused';
    case 'charging':
      return 'Charging, goes on afterwards';
    case 'returning':
      return 'On the way home';
    case 'asking':
      return 'Waits for your answer';
    case 'finishing':
      return 'Writing the report';
    case 'finished':
      return outcomeWords(run);
  }
}

/** Says how a patrol ended. */
export function outcomeWords(run: RunProgress): string {
  switch (run.outcome) {
    case 'completed':
      return 'Completed';
    case 'stopped':
      return 'Stopped';
    case 'failed':
      return 'Failed';
    case 'interrupted':
      return 'Interrupted';
    default:
      return 'Ended';
  }
}

/** Returns how many points of the round are behind the robot, over all loops. */
export function progress(run: RunProgress): { done: number; all: number } {
  const settled = run.points.filter((point) => point.state === 'done' || point.state === 'failed' || point.state === 'skipped').length;
  const all = run.points.length * Math.max(1, run.loops);
  return { done: Math.min(all, run.points.length * Math.max(0, run.loop - 1) + settled), all };
}
